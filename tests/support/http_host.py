"""A real HTTP server on loopback that answers, fails, stalls and redirects as a test says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.mail_server import Certificate


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpHost:
    """The server: what it received, and how it answers.

    `answers` are taken one by one: a status, or "stall", "drip", "trickle" (headers without end), "drop", "flood" or an
    address to redirect to. Else `usual` is the answer.
    """

    port: int = 0
    scheme: str = "http"
    received: list[Received] = field(default_factory=list)
    answers: list[int | str] = field(default_factory=list)
    #: The answer while `answers` is empty.
    usual: int | str = 200
    body: bytes = b"{}"
    released: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


@contextmanager
def http_host(certificate: Certificate | None = None) -> Iterator[HttpHost]:
    """Serve on loopback until the block ends."""
    host = HttpHost(scheme="https" if certificate else "http")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: object) -> None:
            pass

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            host.received.append(Received(self.command, self.path, dict(self.headers.items()), body))
            answer = host.answers.pop(0) if host.answers else host.usual
            self.close_connection = True
            match answer:
                case "stall":
                    host.released.wait(30)
                case "drop":
                    pass
                case "drip":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                    while not host.released.wait(0.05):
                        try:
                            self.wfile.write(b".")
                            self.wfile.flush()
                        except OSError:
                            break
                case "trickle":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                    while not host.released.wait(0.05):
                        try:
                            self.wfile.write(b"X-More: and more\r\n")
                            self.wfile.flush()
                        except OSError:
                            break
                case "flood":
                    self._answer(200, b"x" * 200_000)
                case str():
                    self._answer(302, b"", Location=answer)
                case _:
                    self._answer(answer, host.body)

        def _answer(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _handle

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_arguments: object) -> None:
            """Say nothing: a client that hangs up is what tests do."""

    server = Server(("127.0.0.1", 0), Handler)
    if certificate is not None:
        server.socket = certificate.serving().wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    host.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="http-host", daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


__all__ = ["Certificate", "HttpHost", "Received", "http_host"]
