"""The simulated host over real HTTP, on loopback only."""

import asyncio
import socket
import threading
from dataclasses import dataclass

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mxlib.sandbox.app import asgi
from mxlib.sandbox.core import Sandbox

HOST = "127.0.0.1"


class _Connection(H11Protocol):
    """Lets the application write to the connection, and close it without a response."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self.app_state = {**self.app_state, "hang_up": transport.abort, "write": transport.write}


class _Config(uvicorn.Config):
    """Leaves logging as it is: the process configures it, and the dashboard runs its own uvicorn."""

    def configure_logging(self) -> None:
        """Configure nothing."""


@dataclass(frozen=True, slots=True)
class Served:
    """A simulated host that answers at `url` until it is stopped."""

    url: str
    sandbox: Sandbox
    _server: uvicorn.Server
    _thread: threading.Thread

    def stop(self) -> None:
        """Close every connection and end; safe to call twice."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()

    def wait(self) -> None:
        """Wait until it has ended."""
        self._thread.join()


def serve(sandbox: Sandbox, port: int = 0, *, controlled: bool = False) -> Served:
    """Serve `sandbox` on loopback in a daemon thread; port 0 takes a free one.

    Raises OSError when the port is in use. It accepts requests as soon as this returns.
    """
    listener = socket.create_server((HOST, port), backlog=512)
    config = _Config(
        asgi(sandbox, controlled=controlled),
        http=_Connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        access_log=False,
        date_header=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=60,
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    return Served(f"http://{HOST}:{listener.getsockname()[1]}", sandbox, server, thread)


class _Server(uvicorn.Server):
    """Closes stalled requests when it ends, so that ending takes no time."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close every connection, answered or not."""
        for connection in self.server_state.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await super().shutdown(sockets)
