"""A double of the Interval server: the real wire protocol over a real websocket, strict about what it is told.

It runs in a thread of its own, so that tests are plain functions. What a browser does to values on their way (URLs,
superjson) is done here too. It does not know permissions, and it keeps nothing.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import uuid
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import websockets
from websockets.server import WebSocketServerProtocol

from tests.interval import protocol

T = TypeVar("T")

API_KEY: Final = "live_test_key"
PATIENCE: Final = 30.0
"""Seconds for whatever is waited for; generous, because a loaded machine is slow."""
ORGANIZATION: Final = {"name": "Acme", "slug": "acme"}
ADA: Final = {"email": "ada@example.com", "firstName": "Ada", "lastName": None, "role": "admin", "teams": []}
BOB: Final = {**ADA, "email": "bob@example.com", "firstName": "Bob"}
MEMBER: Final = {**ADA, "email": "eve@example.com", "firstName": "Eve", "role": "member"}


class Connection:
    """One host's websocket: acknowledged messages, and calls in both directions on top of them."""

    def __init__(self, server: IntervalServer, socket: WebSocketServerProtocol) -> None:
        self.server = server
        self.socket = socket
        self.declared: dict[str, Any] = {}
        self._unacknowledged: dict[str, asyncio.Future[None]] = {}
        self._calls: dict[str, asyncio.Future[Any]] = {}
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def actions(self) -> set[str]:
        """The routes of the actions that the host has declared."""
        return {"/".join(filter(None, (one.get("groupSlug"), one["slug"]))) for one in self.declared["actions"]}

    @property
    def pages(self) -> set[str]:
        """The routes of the pages that the host has declared."""
        return {one["slug"] for one in self.declared["groups"]}

    async def say(self, data: str) -> None:
        """Send a message, and wait until it is acknowledged."""
        name = str(uuid.uuid4())
        acknowledged = self._unacknowledged[name] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({"id": name, "data": data, "type": "MESSAGE"}))
        await asyncio.wait_for(acknowledged, 5)

    async def call(self, method: str, data: Mapping[str, Any]) -> Any:
        """Call the host, and wait for its answer."""
        self._count += 1
        number = str(self._count)
        answer = self._calls[number] = asyncio.get_running_loop().create_future()
        await self.say(json.dumps({"id": number, "kind": "CALL", "methodName": method, "data": data}))
        return await asyncio.wait_for(answer, PATIENCE)

    async def listen(self) -> None:
        async for frame in self.socket:
            message = json.loads(frame)
            if message["type"] == "ACK":
                self._acknowledged(message["id"])
                continue
            await self.socket.send(json.dumps({"id": message["id"], "type": "ACK"}))
            said = json.loads(message["data"])
            if said["kind"] == "RESPONSE":
                if not self._calls[said["id"]].done():
                    self._calls[said["id"]].set_result(said["data"])
            else:
                task = asyncio.create_task(self._answer(said))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _acknowledged(self, name: str) -> None:
        waiting = self._unacknowledged.pop(name, None)
        if waiting is None:
            self.server.complaints.append(f"an acknowledgement for the unknown message {name}")
        elif not waiting.done():
            waiting.set_result(None)

    async def _answer(self, said: Mapping[str, Any]) -> None:
        method, data = said["methodName"], said["data"]
        wrong = protocol.wrong(protocol.CALLS.get(method, False), data, method)
        if wrong:  # the real server logs them, and never answers
            self.server.complaints += wrong
            return
        answer = self.server.handle(self, method, data)
        await self.say(json.dumps({"id": said["id"], "kind": "RESPONSE", "methodName": method, "data": answer}))
        if method == "INITIALIZE_HOST":
            self.server.host_is(self)


class IntervalServer:
    """The server, with what its hosts declared and showed."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.connections = 0
        self.refusals: list[tuple[int, str]] = []
        """Close codes and reasons for the next connections."""
        self.declaration_answer: Any = None
        """What INITIALIZE_HOST is answered instead of success; `null` is what the real server says to Python hosts."""
        self.renders: list[tuple[str, str, Any]] = []
        """Everything that was shown: where, "render" or "layout", and the JSON."""
        self.is_checking = True
        """Whether what is shown is held against the protocol, and kept."""
        self.sessions: dict[str, Any] = {}
        self.port = 0
        self._host: Connection | None = None
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: Any = None

    def __enter__(self) -> IntervalServer:
        self._thread.start()
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def endpoint(self) -> str:
        return f"ws://127.0.0.1:{self.port}/websocket"

    @property
    def host(self) -> Connection:
        assert self._ready.wait(PATIENCE), "no host has connected"
        assert self._host is not None
        return self._host

    def open(self) -> None:
        """Listen, on the same port as before."""

        async def serve() -> Any:
            limit = 100 << 20
            return await websockets.serve(
                self._connected, "127.0.0.1", self.port, max_size=limit, process_request=self._check_path
            )

        self._server = self.run(serve())
        self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        """Go away, with every connection, as a server that ends does."""

        async def close() -> None:
            self._server.server.close()
            # First the connections: from Python 3.12 on, a server waits for them before it closes them itself.
            await asyncio.gather(*(socket.close(1001) for socket in self._server.websockets))
            self._server.close()
            await self._server.wait_closed()

        self.run(close())

    def disconnect(self, code: int = 1006) -> None:
        """Close the host's connection; 1006 stands for a line that is cut without a word."""
        host = self.host
        self._ready.clear()

        async def close() -> None:
            if code == 1006:
                host.socket.transport.abort()
            else:
                await host.socket.close(code, "because the test says so")

        self.run(close())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it in the server's thread."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(PATIENCE * 2)

    def call(self, method: str, data: Mapping[str, Any]) -> Any:
        """Call the host."""
        return self.run(self.host.call(method, data))

    def host_is(self, connection: Connection) -> None:
        self._host = connection
        self._ready.set()

    async def _check_path(self, path: str, _: Any) -> Any:
        return None if urlsplit(path).path == "/websocket" else (400, [], b"Bad Request\n")

    async def _connected(self, socket: WebSocketServerProtocol, *_: Any) -> None:
        self.connections += 1
        uuid.UUID(socket.request_headers["x-instance-id"])
        if self.refusals:
            await socket.close(*self.refusals.pop(0))
            return
        if socket.request_headers.get("x-api-key") != API_KEY:
            await socket.close(1008, "Invalid API key, please check the apiKey property.")
            return
        connection = Connection(self, socket)
        listening = asyncio.create_task(connection.listen())
        try:
            await connection.say("authenticated")
            await listening
        except (TimeoutError, websockets.ConnectionClosed):
            pass
        finally:
            listening.cancel()
            if self._host is connection:
                self._ready.clear()

    def handle(self, connection: Connection, method: str, data: Any) -> Any:
        """What the real server answers."""
        session = self.sessions.get(data.get("transactionId") or data.get("pageKey"))
        match method:
            case "INITIALIZE_HOST":
                return self._declared(connection, data)
            case "BEGIN_HOST_SHUTDOWN":
                return {"type": "success"}
            case "SEND_IO_CALL":
                if session is None:
                    return {"type": "ERROR", "message": "Transaction not found."}
                session.shown(self._checked(connection, session.slug, json.loads(data["ioCall"])))
            case "SEND_PAGE" if session is not None:
                session.laid_out(self._checked_layout(connection, session.slug, data["page"]))
            case "MARK_TRANSACTION_COMPLETE" if session is not None:
                result = json.loads(data["result"])
                self.complaints += protocol.wrong(protocol.RESULT, result, f"result of {session.slug}")
                session.completed(result)
            case "SEND_REDIRECT" if session is not None:
                self._check_links(connection, session.slug, data)
                params = dict(data.get("params") or {})
                session.said.append(params.pop("said", ""))
                session.redirects.append((data["route"], params))
            case "SEND_LOADING_CALL" if session is not None:
                session.loading.append(data)
        return session is not None

    def _declared(self, connection: Connection, data: Any) -> Any:
        if self.declaration_answer is not None:
            return self.declaration_answer.get("answer")
        connection.declared = data
        return {
            "type": "success",
            "environment": "production",
            "invalidSlugs": [],
            "organization": ORGANIZATION,
            "dashboardUrl": f"http://127.0.0.1:{self.port}/dashboard/acme",
            "sdkAlert": None,
            "warnings": [],
        }

    def _checked(self, connection: Connection, slug: str, render: Any) -> Any:
        if not self.is_checking:
            return render
        self.complaints += protocol.wrong_render(render, slug)
        self._check_links(connection, slug, render)
        self.renders.append((slug, "render", render))
        return render

    def _checked_layout(self, connection: Connection, slug: str, page: str | None) -> Any:
        if page is None:
            self.complaints.append(f"{slug}: a page without a layout")
            return {}
        layout = json.loads(page)
        if not self.is_checking:
            return layout
        self.complaints += protocol.wrong(protocol.LAYOUT, layout, slug)
        self.complaints += protocol.wrong_render(layout["children"], slug) if layout.get("children") else []
        self._check_links(connection, slug, layout)
        self.renders.append((slug, "layout", layout))
        return layout

    def _check_links(self, connection: Connection, slug: str, shown: Any) -> None:
        """Complain of links that lead to nothing that the host declares."""
        lost = set(protocol.routes_in(shown)) - connection.actions - connection.pages
        self.complaints += [f"{slug}: a link to {route}, where nothing is" for route in sorted(lost)]


def through_the_url(params: Mapping[str, str] | None) -> dict[str, str]:
    """What is left of parameters after the browser put them into its address and took them out again."""
    return dict(parse_qsl(urlencode({name: value for name, value in (params or {}).items() if value})))


def superjson(values: list[Any]) -> tuple[list[Any], Any]:
    """Answers as the browser encodes them: its marks for what JSON does not have, and for texts like 12:30:45."""
    marks: dict[str, Any] = {}

    def encoded(value: Any, path: str) -> Any:
        if value is UNDEFINED:
            marks[path] = ["undefined"]
            return None
        if isinstance(value, str) and re.fullmatch(r"\d{2}:\d{2}:\d{2}", value):
            marks[path] = [["custom", "time"]]
        if isinstance(value, list):
            return [encoded(part, f"{path}.{number}") for number, part in enumerate(value)]
        if isinstance(value, dict):
            return {name: encoded(part, f"{path}.{name}") for name, part in value.items()}
        return value

    return [encoded(value, str(number)) for number, value in enumerate(values)], {"values": marks} if marks else None


UNDEFINED: Final = object()
"""JavaScript's `undefined`: what a field gives that may be left out and was."""
