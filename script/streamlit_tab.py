"""A browser tab without a browser.

It speaks Streamlit's websocket protocol, and refreshes fragments as they ask.
"""

import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect


@dataclass
class Tab:
    """One open tab.

    `drawn` counts runs of its page and of its fragments, `received` the bytes that came.
    """

    url: str
    query: str = ""
    page: str = ""
    drawn: int = 0
    received: int = 0
    messages: int = 0
    failed: bool = False
    _pages: dict[str, str] = field(default_factory=dict)
    _renewed: dict[str, tuple[float, float]] = field(default_factory=dict)
    _socket: ClientConnection = field(init=False)
    _open: ExitStack = field(default_factory=ExitStack)
    _thread: threading.Thread = field(init=False)
    _first: threading.Event = field(default_factory=threading.Event)

    def open(self) -> "Tab":
        """Connect and request the page; refreshes run in a thread of its own."""
        connection = connect(
            f"{self.url.replace('http', 'ws', 1)}/_stcore/stream",
            origin=self.url,  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
            open_timeout=30,
        )
        self._socket = self._open.enter_context(connection)
        self._ask()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()
        return self

    def wait(self, seconds: float = 30.0) -> None:
        """Wait until the page was drawn once."""
        if not self._first.wait(seconds):
            raise TimeoutError("The page was never drawn.")

    def close(self) -> None:
        """Close the tab."""
        self._open.close()
        self._thread.join(5)

    def _ask(self, fragment: str = "") -> None:
        asked = BackMsg()
        asked.rerun_script.query_string = self.query
        asked.rerun_script.page_script_hash = self._pages.get(self.page, "")
        if not asked.rerun_script.page_script_hash:
            asked.rerun_script.page_name = self.page
        if fragment:
            asked.rerun_script.fragment_id = fragment
            asked.rerun_script.is_auto_rerun = True
        self._socket.send(asked.SerializeToString())

    def _live(self) -> None:
        with suppress(ConnectionClosed, OSError):
            while True:
                now = time.monotonic()
                due = min((at for _, at in self._renewed.values()), default=now + 1.0)
                try:
                    message = self._socket.recv(max(0.0, due - now))
                except TimeoutError:
                    self._renew()
                    continue
                if isinstance(message, bytes):
                    self._hear(message)

    def _renew(self) -> None:
        now = time.monotonic()
        for fragment, (every, at) in list(self._renewed.items()):
            if at <= now:
                self._renewed[fragment] = (every, now + every)
                self._ask(fragment)

    def _hear(self, data: bytes) -> None:
        self.received += len(data)
        self.messages += 1
        message = ForwardMsg.FromString(data)
        match message.WhichOneof("type"):
            case "new_session":
                if not message.metadata.run.fragment_ids:
                    self._renewed.clear()
                self._pages = {page.url_pathname: page.page_script_hash for page in message.new_session.app_pages}
            case "auto_rerun":
                every = message.auto_rerun.interval
                self._renewed[message.auto_rerun.fragment_id] = (every, time.monotonic() + every)
            case "stop_auto_rerun":
                for fragment in message.stop_auto_rerun.fragment_ids:
                    self._renewed.pop(fragment, None)
            case "script_finished":
                self.drawn += 1
                self._first.set()
            case "delta" if message.delta.new_element.WhichOneof("type") == "exception":
                self.failed = True
