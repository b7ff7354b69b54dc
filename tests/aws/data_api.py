"""A local stand-in for the RDS Data API: it runs what it is sent on a real PostgreSQL, as the server's own user."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2


@contextlib.contextmanager
def data_api(url_of: Callable[[str], str]) -> Iterator[str]:
    """The stand-in's URL; `url_of` gives that of a database by its name."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                run(url_of(asked["database"]), asked["sql"])
                status, said = 200, {}
            except psycopg2.Error as error:
                status, said = 400, {"message": str(error)}
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    """Run one statement, each in a transaction of its own as the Data API does; its rows."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
