"""A request for a part of a page that arrives once the tab has another page."""

import re

from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.driver import idle
from tests.browser.steps import visit


class Line:
    """The line between a tab and the server, on which a test can say something for the tab."""

    def __init__(self, socket: WebSocketRoute) -> None:
        #: The parts that refresh themselves, and what the tab last asked for.
        self.parts: list[str] = []
        self.asked = BackMsg()
        self._server = socket.connect_to_server()
        self._socket = socket
        socket.on_message(self._to_server)
        self._server.on_message(self._to_tab)

    def _to_server(self, message: str | bytes) -> None:
        assert isinstance(message, bytes)
        if (said := BackMsg.FromString(message)).HasField("rerun_script"):
            self.asked = said
        self._server.send(message)

    def _to_tab(self, message: str | bytes) -> None:
        assert isinstance(message, bytes)
        if (said := ForwardMsg.FromString(message)).HasField("auto_rerun"):
            self.parts.append(said.auto_rerun.fragment_id)
        self._socket.send(message)

    def refresh(self, part: str, page: str) -> None:
        """Ask for a part as a tab does by itself, which shows the page with this hash."""
        message = BackMsg()
        message.rerun_script.CopyFrom(self.asked.rerun_script)
        message.rerun_script.fragment_id = part
        message.rerun_script.page_script_hash = page
        message.rerun_script.is_auto_rerun = True
        self._server.send(message.SerializeToString())


def test_what_a_tab_asked_for_on_the_page_before_leaves_the_next_page_as_it_is(page: Page) -> None:
    lines: list[Line] = []
    page.route_web_socket(re.compile("_stcore/stream"), lambda socket: lines.append(Line(socket)))
    visit(page, "/jobs")
    line = lines[-1]
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Import", exact=True).click()
    idle(page)
    imports = line.asked.rerun_script.page_script_hash
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Jobs", exact=True).click()
    idle(page)
    heading = page.get_by_role("heading", level=1, name="Jobs")
    expect(heading).to_be_visible()
    assert line.parts
    for part in dict.fromkeys(line.parts):
        line.refresh(part, imports)
    page.wait_for_timeout(1_500)
    idle(page)
    expect(heading).to_be_visible()
    line.refresh(line.parts[-1], line.asked.rerun_script.page_script_hash)
    idle(page)
    expect(heading).to_be_visible()
