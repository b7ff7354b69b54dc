"""A proxy that the environment names stands between provider and server; a real one, small, on this machine."""

from __future__ import annotations

import select
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from flagstaff.client.transport import Transport, UnavailableError
from tests.sdk.client.flag_server import KEY, FlagServer

SIGNED_IN = "Basic YWRhOnMzY3JldDo="  # ada, s3cret:
NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
DEFINITIONS = "api/client/definitions"


class Proxy(BaseHTTPRequestHandler):
    """Knows one host, `flags.test`, and remembers what it was asked for and by whom."""

    asked: list[tuple[str, str, str | None]]
    port: int

    def do_GET(self) -> None:
        self.note()
        self.close_connection = True
        path = urlsplit(self.path).path
        lines = [
            f"GET {path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in self.headers.items() if name[0] != "P"),
        ]
        with socket.create_connection(("127.0.0.1", self.port)) as server:
            server.sendall("\r\n".join([*lines, "", ""]).encode())
            while part := server.recv(65_536):
                self.wfile.write(part)

    def do_CONNECT(self) -> None:
        self.note()
        self.close_connection = True
        if not self.path.startswith("flags.test:"):
            self.send_error(403)
            return
        with socket.create_connection(("127.0.0.1", self.port)) as server:
            self.send_response(200)
            self.end_headers()
            self.carry(server)

    def carry(self, server: socket.socket) -> None:
        ends = {self.connection: server, server: self.connection}
        while True:
            for one in select.select(list(ends), [], [])[0]:
                if not (part := one.recv(65_536)):
                    return
                ends[one].sendall(part)

    def note(self) -> None:
        self.asked.append((self.command, self.path, self.headers.get("Proxy-Authorization")))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[FlagServer]:
    with FlagServer().running() as server:
        yield server


@pytest.fixture
def proxy(server: FlagServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Proxy]]:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    kind = type("ProxyOfThisTest", (Proxy,), {"asked": [], "port": server.port})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as http:
        http.daemon_threads = True
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://ada:s3cret%3A@127.0.0.1:{http.server_address[1]}"
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.setenv("HTTPS_PROXY", url)
        yield kind
        http.shutdown()


def test_without_tls_it_asks_the_proxy_for_the_whole_url(proxy: type[Proxy], server: FlagServer) -> None:
    answer = Transport("http://flags.test:8080", KEY, 5).get(DEFINITIONS, {})
    assert answer.body == server.body()
    assert proxy.asked == [("GET", f"http://flags.test:8080/{DEFINITIONS}", SIGNED_IN)]
    assert server.requests[0].headers["Host"] == "flags.test:8080"


def test_a_stream_comes_through_the_proxy_as_it_happens(proxy: type[Proxy], server: FlagServer) -> None:
    def stream(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        handler.wfile.write(b"id: 1\n\n")
        server.closed.wait(30)  # it does not end by itself

    server.stream = stream
    lines = Transport("http://flags.test", KEY, 5).stream("api/client/stream", {}, silence=20)
    assert next(iter(lines)) == b"id: 1"
    lines.close()
    assert [asked[:2] for asked in proxy.asked] == [("GET", "http://flags.test/api/client/stream")]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of `flags.test`, with its key."""
    made = tmp_path / "made.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=flags.test"
    options = ["-addext", "subjectAltName=DNS:flags.test", "-keyout", made, "-out", tmp_path / "certificate.pem"]
    subprocess.run([*command.split(), *options], check=True, capture_output=True)
    made.write_text(made.read_text() + (tmp_path / "certificate.pem").read_text())
    return made


def test_with_tls_the_proxy_only_carries(
    proxy: type[Proxy], server: FlagServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy.port = listening.getsockname()[1]
        threading.Thread(target=answer_one, args=(listening, context), daemon=True).start()
        answer = Transport("https://flags.test", KEY, 5).get(DEFINITIONS, {})
    assert answer.body == b"{}"
    assert proxy.asked == [("CONNECT", "flags.test:443", SIGNED_IN)]


def answer_one(listening: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listening.accept()
    with context.wrap_socket(connection, server_side=True) as secure:
        assert KEY.encode() in secure.recv(65_536)
        secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def test_what_the_proxy_refuses_is_said(proxy: type[Proxy]) -> None:
    with pytest.raises(UnavailableError, match=r"no answer from other\.test: Tunnel connection failed: 403"):
        Transport("https://other.test", KEY, 5).get(DEFINITIONS, {})


@pytest.mark.parametrize(
    ("url", "no_proxy"),
    [
        ("http://127.0.0.1:{port}", ""),
        ("http://localhost:{port}", ""),
        ("http://flags.test:{port}", "flags.test"),
        ("http://flags.test:{port}", "elsewhere, .test"),
        ("http://flags.test:{port}", "*"),
    ],
)
def test_past_the_proxy(
    proxy: type[Proxy], server: FlagServer, monkeypatch: pytest.MonkeyPatch, url: str, no_proxy: str
) -> None:
    monkeypatch.setenv("NO_PROXY", no_proxy)
    to_flags_test = "flags.test" in url
    transport = Transport(url.format(port=server.port), KEY, 5)
    if to_flags_test:  # a name that only the proxy knows
        with pytest.raises(UnavailableError):
            transport.get(DEFINITIONS, {})
    else:
        assert transport.get(DEFINITIONS, {}).status == 200
    assert not proxy.asked


@pytest.mark.parametrize("named", ["socks5://u:s3cret@127.0.0.1:1", "https://proxy.test", "http://:3128"])
def test_a_proxy_that_can_t_be_used_is_said_without_its_password(
    proxy: type[Proxy], monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", named)
    with pytest.raises(UnavailableError, match=r"not like http://proxy\.example\.com:3128") as raised:
        Transport("http://flags.test", KEY, 5).get(DEFINITIONS, {})
    assert "s3cret" not in str(raised.value)
