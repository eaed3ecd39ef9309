"""Uploads: permissions, pages and limits; and bodies that trickle."""

import asyncio
import contextlib
import http.client
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode, urlsplit

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from mxlib.auth import body_timeouts
from mxlib.auth.permissions import LOCAL, Caller
from mxlib.auth.uploads import MOST_BYTES, MOST_FILES, MOST_IN_ALL, PLACE, UploadRefused, Uploads
from tests.browser import driver
from tests.browser.driver import BRISK, ROOT, Server, foreign_to_us

MB = 1_000_000


class Kept:
    """Uploads of pages, as Streamlit keeps them."""

    def __init__(self, **pages: str) -> None:
        self.pages, self.kept = pages, {page: dict[str, int]() for page in pages}

    def may_import(self, caller: Caller) -> bool:
        return caller is LOCAL

    def opened_by(self, page: str) -> str | None:
        return self.pages.get(page)

    def files(self, page: str) -> Mapping[str, int]:
        return self.kept.get(page, {})

    def total(self) -> int:
        return sum(sum(files.values()) for files in self.kept.values())

    def drop(self, page: str, file: str) -> None:
        del self.kept[page][file]

    def sweep(self) -> None:
        self.kept = {page: files for page, files in self.kept.items() if page in self.pages}


def put(uploads: Uploads, kept: Kept, page: str, file: str, size: int, session: str = "anna") -> None:
    with uploads.reserved(f"{PLACE}{page}/{file}", size, session, may_import=True):
        kept.kept[page][file] = size


def test_the_oldest_files_of_a_page_are_dropped_for_the_next() -> None:
    kept = Kept(one="anna")
    uploads = Uploads(kept)
    for number in range(5):
        put(uploads, kept, "one", f"file-{number}", MB)
        assert len(kept.kept["one"]) <= MOST_FILES
    put(uploads, kept, "one", "large", MOST_BYTES)
    assert kept.kept["one"] == {"large": MOST_BYTES}


def test_a_file_larger_than_a_page_may_hold_is_refused() -> None:
    kept = Kept(one="anna")
    with pytest.raises(UploadRefused):
        put(Uploads(kept), kept, "one", "file", MOST_BYTES + 1)


def test_uploads_in_progress_count_towards_the_limit() -> None:
    kept = Kept(one="anna")
    uploads = Uploads(kept)
    with contextlib.ExitStack() as pending:
        for number in range(MOST_FILES):
            path = f"{PLACE}one/file-{number}"
            pending.enter_context(uploads.reserved(path, MB, "anna", may_import=True))
        with pytest.raises(UploadRefused, match="on their way"):
            put(uploads, kept, "one", "another", MB)
    put(uploads, kept, "one", "another", MB)


def test_all_pages_share_a_limit_and_closed_pages_are_dropped_first() -> None:
    pages = {f"page{number}": "anna" for number in range(12)}
    kept = Kept(**pages)
    uploads = Uploads(kept)
    first = list(pages)[: MOST_IN_ALL // MOST_BYTES]
    for page in first:
        put(uploads, kept, page, "file", MOST_BYTES)
    with pytest.raises(UploadRefused, match="Uploads of 200 MB wait"):
        put(uploads, kept, "page11", "file", MOST_BYTES)
    del kept.pages["page0"]
    put(uploads, kept, "page11", "file", MOST_BYTES)


def test_a_page_accepts_files_from_its_own_session_only() -> None:
    kept = Kept(one="anna")
    uploads = Uploads(kept)
    with pytest.raises(UploadRefused, match="another session"):
        put(uploads, kept, "one", "file", 1, session="mallory")
    with pytest.raises(UploadRefused, match="another session"):
        uploads.must_be_open_to(f"{PLACE}one/file", "mallory")
    with pytest.raises(UploadRefused, match="is closed"):
        put(uploads, kept, "none", "file", 1)


# Bodies.


class Line:
    """A connection with a body in parts, each after a pause, and the answers to it."""

    def __init__(self, *parts: tuple[float, bytes]) -> None:
        self.parts, self.said = list(parts), list[Message]()

    async def receive(self) -> Message:
        if not self.parts:
            await asyncio.sleep(60)
        pause, part = self.parts.pop(0)
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": part, "more_body": part != b"."}

    async def send(self, message: Message) -> None:
        self.said.append(message)

    def serve(self, grace: float) -> int:
        async def app(_scope: Scope, receive: Receive, send: Send) -> None:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionError
                if not message["more_body"]:
                    break
            await PlainTextResponse("done")({"type": "http"}, receive, send)

        late = lambda: PlainTextResponse("late", 408)  # noqa: E731
        asyncio.run(body_timeouts.BodyTimeouts(self.receive, self.send, late, grace=grace).serve(app, {"type": "http"}))
        return int(self.said[0]["status"])


def test_a_steady_body_is_accepted_and_a_trickling_one_is_not() -> None:
    assert Line((0, b"a" * 10), (0, b".")).serve(0.2) == 200
    assert Line(*[(0.05, b"a" * 100)] * 8, (0.01, b".")).serve(0.2) == 200
    assert Line(*[(0.05, b"a")] * 8, (0.01, b".")).serve(0.2) == 408
    assert Line((0, b"a")).serve(0.05) == 408


def test_a_body_with_much_at_once_may_pause_later() -> None:
    assert Line((0, b"a" * 400), (0.2, b".")).serve(0.05) == 200


# The real server.

NAMES = {"admin": "admin-of-this", "viewer": "viewer-of-this", "other": "other-admin"}
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("uploads")
    settings = {**BRISK, "MXM_ADMIN_USER": NAMES["admin"], "MXM_ADMIN_PASSWORD": PASSWORD}
    with driver.serving_warm(folder, settings=settings) as served:
        with contextlib.closing(sqlite3.connect(served.data / "mxm.sqlite3")) as database:
            (kept,) = database.execute("select password_hash from user").fetchone()
            for name, admin in (("viewer", 0), ("other", 1)):
                _add(database, NAMES[name], admin, kept)
            database.commit()
        yield served


def _add(database: sqlite3.Connection, name: str, admin: int, kept: str) -> None:
    """Add a user like the first one, with the same password."""
    database.row_factory = sqlite3.Row
    row = dict(database.execute("select * from user").fetchone())
    del row["id"]
    row |= {"name": name, "admin": admin, "password_hash": kept}
    columns = ", ".join(f'"{column}"' for column in row)
    database.execute(f"insert into user ({columns}) values ({', '.join('?' * len(row))})", list(row.values()))


class Tab:
    """An open page of a signed-in user."""

    def __init__(self, server: Server, name: str) -> None:
        self.url, self.said = server.url, ""
        self.host = urlsplit(server.url).netloc
        form = urlencode({"name": name, "password": PASSWORD, "next": "/"})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.url}
        answer = self._ask("POST", "/sign-in", form.encode(), headers)
        assert answer.status == 303, answer.status
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        health = self._ask("GET", "/_stcore/health", b"", {"Cookie": self.cookie})
        found = re.search(r"_streamlit_xsrf=([^;]+)", " ".join(health.headers.get_all("Set-Cookie") or []))
        self.xsrf = found[1].strip('"') if found else ""
        self.page, self.line = "", None

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> http.client.HTTPResponse:
        with contextlib.closing(http.client.HTTPConnection(self.host, timeout=60)) as connection:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            self.said = answer.read().decode()
            return answer

    def open(self) -> "Tab":
        cookie = f"{self.cookie}; _streamlit_xsrf={self.xsrf}"
        line: ClientConnection = connect(
            f"ws://{self.host}/_stcore/stream",
            origin=self.url,  # type: ignore[arg-type]
            additional_headers={"Cookie": cookie},
            subprotocols=["streamlit", self.xsrf or "x"],  # type: ignore[list-item]
            max_size=None,
            legacy=True,
        )
        asked = BackMsg()
        asked.rerun_script.query_string = ""
        line.send(asked.SerializeToString())
        while not self.page:
            message = ForwardMsg.FromString(line.recv(timeout=60))  # type: ignore[arg-type]
            if message.HasField("new_session"):
                self.page = message.new_session.initialize.session_id
        self.line = line
        return self

    def close(self) -> None:
        if self.line is not None:
            self.line.close()

    def __enter__(self) -> "Tab":
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def kept(self) -> int:
        """Return the bytes of uploads that the server holds, from its own metrics."""
        self._ask("GET", "/_stcore/metrics", b"", {"Cookie": self.cookie})
        return sum(int(float(found)) for found in re.findall(r"UploadedFileManager[^}]*\} (\S+)", self.said))

    def put(self, page: str, file: str, size: int) -> int:
        body = (
            b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
            b"Content-Type: text/csv\r\n\r\n" + b"a" * size + b"\r\n--edge--\r\n"
        )
        headers = {
            "Content-Type": "multipart/form-data; boundary=edge",
            "Cookie": f"{self.cookie}; _streamlit_xsrf={self.xsrf}",
            "X-Xsrftoken": self.xsrf,
            "Origin": self.url,
        }
        return self._ask("PUT", f"{PLACE}{page}/{file}", body, headers).status


@pytest.mark.process
@pytest.mark.xdist_group("process")
def test_the_real_server_accepts_uploads_only_of_the_session_with_import_permission(server: Server) -> None:
    with Tab(server, NAMES["admin"]) as tab:
        assert tab.put(tab.page, "one", 1_000) == 204, (tab.said, tab.xsrf)
        assert Tab(server, NAMES["other"]).put(tab.page, "two", 1_000) == 403
        assert Tab(server, NAMES["admin"]).put(tab.page, "two", 1_000) == 403  # the same user, in another browser
        assert tab.put("no-such-page", "one", 1_000) == 404
    with Tab(server, NAMES["viewer"]) as viewer:
        assert viewer.put(viewer.page, "one", 1_000) == 403


@pytest.mark.process
@pytest.mark.xdist_group("process")
def test_uploads_in_the_real_server_are_limited_and_dropped_with_their_page(server: Server) -> None:
    with Tab(server, NAMES["admin"]) as tab:
        for number in range(12):
            assert tab.put(tab.page, f"file-{number}", 9 * MB) == 204
        assert 0 < tab.kept() <= MOST_BYTES
    deadline = time.monotonic() + 60
    while tab.kept() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not tab.kept()
    assert tab.put(tab.page, "late", 1_000) == 404


@pytest.mark.process
@pytest.mark.xdist_group("process")
@pytest.mark.parametrize("path", ["/api/imports", "/sign-in"])
def test_a_body_that_trickles_is_answered_and_its_connection_closed(server: Server, path: str) -> None:
    where = urlsplit(server.url)
    with socket.create_connection((where.hostname, where.port), timeout=60) as line:
        head = f"POST {path} HTTP/1.1\r\nHost: {where.netloc}\r\nOrigin: {server.url}\r\nContent-Length: 100000\r\n"
        kind = "Content-Type: application/x-www-form-urlencoded\r\n"
        token = f"Authorization: Bearer {_token(server)}\r\n" if path.startswith("/api") else ""
        line.sendall((head + kind + token + "\r\na").encode())
        began, answer = time.monotonic(), b""
        while part := line.recv(65_536):
            answer += part
    assert time.monotonic() - began < body_timeouts.GRACE + 5
    assert answer.startswith(b"HTTP/1.1 408"), answer[:200]
    assert b'"code":"REQUEST_TIMEOUT"' in answer


def _token(server: Server) -> str:
    made = subprocess.run(
        [sys.executable, "-m", "mxlib.cli", "token", "create", "slow", "--admin"],
        cwd=ROOT,
        env=foreign_to_us(os.environ) | {"MXM_DATA_DIR": str(server.data)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"mxm_\S+", made.stdout)
    assert found
    return found[0]
