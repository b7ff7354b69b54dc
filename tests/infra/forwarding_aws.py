"""Stands in for `aws` where a port is forwarded: a PostgreSQL server with TLS that wants a password, as Amazon's does.

`ssm start-session` listens on the local port that it is given, speaks TLS with the certificate beside it, notes the
password, and hands the rest to the socket of a real PostgreSQL. Everything else is answered as by `fake_program.py`.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import sys
import threading
from pathlib import Path

folder = Path(sys.argv[0]).parent
SSL_REQUEST = 80877103
WANT_PASSWORD = b"R" + struct.pack("!ii", 8, 3)


def message(client: socket.socket, kind: int = 0) -> bytes:
    """One message, after so many bytes that say its kind."""
    head = exactly(client, kind + 4)
    (length,) = struct.unpack("!i", head[kind:])
    return head + exactly(client, length - 4)


def exactly(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = client.recv(size - len(data))
        if not more:
            raise OSError("the client has gone")
        data += more
    return data


def serve(client: socket.socket, tls: ssl.SSLContext, database: str) -> None:
    assert struct.unpack("!ii", message(client)) == (8, SSL_REQUEST)
    client.sendall(b"S")
    client = tls.wrap_socket(client, server_side=True)
    startup = message(client)
    client.sendall(WANT_PASSWORD)
    with (folder / "passwords").open("ab") as notes:
        notes.write(message(client, kind=1)[5:-1] + b"\n")
    server = socket.socket(socket.AF_UNIX)
    server.connect(database)
    server.sendall(startup)
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
    except OSError:
        pass
    for one in (source, target):
        one.close()


def forward(port: int) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "server.pem")
    database = (folder / "database").read_text()
    (folder / "session").write_text(str(os.getpid()))
    with socket.create_server(("127.0.0.1", port)) as listening:
        while True:
            client, _ = listening.accept()
            threading.Thread(target=serve, args=(client, tls, database), daemon=True).start()


if sys.argv[1:3] == ["ssm", "start-session"] and "aws ssm" not in (folder / "answers.json").read_text():
    with (folder / "asked").open("a") as notes:
        notes.write(" ".join(["aws", *sys.argv[1:]]) + "\n")
    forward(int(json.loads(sys.argv[sys.argv.index("--parameters") + 1])["localPortNumber"][0]))
else:
    exec((folder / "answers.py").read_text())
