"""The worker: limited in time, memory and number, without settings, and never in the way of the server."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pytest

from mxlib.api.schemas import requests
from mxlib.core.files import reader, time_budget
from mxlib.core.files.errors import Crowded, TooCostly
from mxlib.core.files.reader import FileRefused
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.mapping import fallbacks, mapping
from mxlib.core.schema import make_rows
from mxlib.core.validation import rules
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from mxlib.worker import Worker
from mxlib.worker.worker import Fault
from script.bench_wire import page_run
from tests.browser import driver
from tests.browser.driver import BRISK, ROOT, Server, foreign_to_us

STAFF = b"username,quota\njan,1024\npiet,2048\n"


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker(seconds=3.0, memory=400_000_000)
    yield made
    made.close()


def test_the_worker_returns_what_the_function_returns(worker: Worker) -> None:
    sheet = worker.run(reader.read, STAFF, "staff.csv")
    assert sheet.header == reader.read(STAFF, "staff.csv").header
    assert sheet.table.row(1) == ["piet", "2048"]
    rows = make_rows({"username": ["jan", "JAN"], "password": ["Winter-2026", ""]})
    account, standard = AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset()}), Defaults("a.nl")
    here, there = rules.validate(rows, account, standard), worker.run(rules.validate, rows, account, standard)
    pd.testing.assert_frame_equal(here, there)


def test_an_exception_of_the_function_is_raised_with_its_details(worker: Worker) -> None:
    with pytest.raises(FileRefused) as refused:
        worker.run(reader.read, b'username\n"jan\n', "staff.csv")
    assert refused.value.line == 2
    with pytest.raises(InvalidBody) as malformed:
        worker.run(requests.read_import, b'{"rows": 1}', 10)
    assert malformed.value.field == "rows"


def test_an_unexpected_error_reports_its_kind_and_place_and_no_value(worker: Worker) -> None:
    with pytest.raises(Fault) as fault:
        worker.run(int, "Geheim.2026x")
    assert "ValueError at" in str(fault.value)
    assert "Geheim" not in str(fault.value)


def test_a_job_that_takes_too_long_is_stopped_and_the_next_one_is_done(worker: Worker) -> None:
    worker.run(len, "")
    began = time.monotonic()
    with pytest.raises(TooCostly, match="so it was stopped"):
        worker.run(time.sleep, 60)
    assert time.monotonic() - began < 10
    assert worker.run(len, "abc") == 3


def test_a_job_that_holds_the_interpreter_is_stopped_too(worker: Worker) -> None:
    worker.run(len, "")
    with pytest.raises(TooCostly):
        worker.run(re.search, "(a+)+b", "a" * 64)
    assert worker.run(len, "abc") == 3


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="This system does not tell how large a process is.")
def test_a_job_that_takes_too_much_memory_is_stopped(worker: Worker) -> None:
    with pytest.raises(TooCostly):
        worker.run(bytes, 2_000_000_000)
    assert worker.run(len, "abc") == 3


def test_a_worker_that_ended_is_started_again(worker: Worker) -> None:
    worker.run(len, "")
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert worker.run(len, "abc") == 3


def test_the_number_of_waiting_jobs_is_limited() -> None:
    crowded = Worker(seconds=20, waiting=1)
    found: list[int] = []
    try:
        crowded.run(len, "")
        threads = [threading.Thread(target=lambda: found.append(_slept(crowded))) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        with pytest.raises(Crowded, match="Try again in a minute"):
            crowded.run(len, "")
        for thread in threads:
            thread.join()
        assert found == [1, 1]
    finally:
        crowded.close()


def _slept(worker: Worker) -> int:
    worker.run(time.sleep, 1)
    return 1


def test_the_worker_gets_no_setting_and_inherits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MX_API_KEY", "Zq7-not-to-be-seen")
    alone = Worker()
    try:
        alone.run(len, "")
        assert alone.pid is not None
        assert b"Zq7" not in Path(f"/proc/{alone.pid}/environ").read_bytes()
        open_files = os.listdir(f"/proc/{alone.pid}/fd")
        assert len(open_files) < 8
        command = Path(f"/proc/{alone.pid}/cmdline").read_bytes()
        assert b"mxlib.worker" in command
    finally:
        alone.close()


def test_the_worker_ends_with_the_process_that_started_it() -> None:
    script = (
        "from mxlib.worker import shared\nw = shared()\nw.run(len, '')\nprint(w.pid, flush=True)\n"
        "import sys, os, signal\nsys.stdin.read(1)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.communicate("x")
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


#: Texts that, cut to the most that is read in passing, mean the most work for their size.
SMALL = {
    "commas": b"username\n" + b"," * 999 + b"\n" + (b"," * 998 + b"a\n") * 62,
    "columns": b",".join([b"a"] * 999) + b"\n" + b",".join([b"b"] * 999) + b"\n" * 10,
    "rows": b"username,quota GB\n" + b"".join(b"u%d,%d\n" % (at, at) for at in range(5_000)),
    "comments": b"#,a,b,c,d,e,f\n" * 4_500,
    "wide comments": (b"#" + b",a" * 900 + b"\n") * 34,
    "wide titles": (b"x" + b",[a" * 600 + b"\n") * 34,
    "quotes": b'"",' * 21_000,
    "open quotes": b'"\n' * 32_000,
    "lines": b"\n" * 63_000 + b"a",
    "brackets": b"[" * 63_999,
    "marks": "\u0301".encode() * 31_000,
    "names": b"first name,last name\n" + b"".join(b"a%d,b%d\n" % (at, at) for at in range(4_500)),
    "domains": b"username,domain\n" + b"".join(f"a,ü{at}.nl\n".encode() for at in range(4_000)),
}


def seconds_to_read(data: bytes) -> float:
    """The processor time of the quickest of three readings."""
    spent = []
    for _ in range(3):
        began = time.thread_time()
        try:
            sheet = reader.read(data, "staff.csv")
            mapping.rows_from_sheet(sheet, mapping.detect_columns(sheet.header))
        except FileRefused:
            fallbacks.read_with_fallbacks(data, "staff.csv", reader.Limits())
        spent.append(time.thread_time() - began)
    return min(spent)


@pytest.fixture(scope="module")
def ordinary() -> float:
    """What an ordinary list of the same size takes on this machine, as yardstick."""
    return seconds_to_read(SMALL["rows"][:30_000])


@pytest.mark.parametrize("what", SMALL)
def test_content_read_in_the_server_itself_takes_little_time(what: str, ordinary: float) -> None:
    data = SMALL[what][:30_000]
    assert time_budget.is_small(data)
    assert seconds_to_read(data) < 50 * ordinary


def test_content_that_may_take_longer_is_read_in_the_worker() -> None:
    assert not time_budget.is_small(b"a" * 30_001)
    assert not time_budget.is_short("a" * 100_001)
    many = make_rows({"username": [f"ü{at}" for at in range(2_000)]})
    assert time_budget.is_heavy(many)
    plain = make_rows({"username": [f"u{at}" for at in range(10_000)], "quota": ["1,024"] * 10_000})
    assert not time_budget.is_heavy(plain)


# The real server.


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with driver.serving_warm(tmp_path_factory.mktemp("worker"), settings=BRISK) as served:
        yield served


def _token(server: Server) -> str:
    made = subprocess.run(
        [sys.executable, "-m", "mxlib.cli", "token", "create", "load", "--admin"],
        cwd=ROOT,
        env=foreign_to_us(os.environ) | {"MXM_DATA_DIR": str(server.data)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"mxm_\S+", made.stdout)
    assert found
    return found[0]


#: What means the most work for its size.
WORST = {
    "domains": b"username,domain,recovery email\n"
    + b"".join(f"u{at},ü{at}.nl,a@ö{at}.nl\n".encode() for at in range(10_000)),
    "brackets": b"[" * 9_000_000,
    "marks": b"username\n" + "\u0315\u0300".encode() * 2_000_000,
    "a wide table": b"username" + b",x" * 490 + b'\n"a"b\n' + (b"a" + b",b" * 490 + b"\n") * 9_000,
    "comments": (b"#" + b",a" * 900 + b"\n") * 4_000,
}


@pytest.mark.process
@pytest.mark.xdist_group("process")
def test_health_and_pages_answer_while_the_slowest_files_are_read(server: Server) -> None:
    token, where = _token(server), urlsplit(server.url).netloc
    page_run(server, "clienta.nl")  # what is loaded at the first one is no cost of a page
    usual = max(_health(where) for _ in range(30))  # of a machine that does other things too
    usual_page = max(page_run(server, "clienta.nl") for _ in range(3))
    answers: dict[str, int] = {}

    def send(what: str) -> None:
        with closing(http.client.HTTPConnection(where, timeout=120)) as connection:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
            connection.request("POST", "/api/email-accounts/import/preview", WORST[what], headers)
            answers[what] = connection.getresponse().status

    threads = [threading.Thread(target=send, args=(what,)) for what in WORST]
    for thread in threads:
        thread.start()
    slowest, page = 0.0, 0.0
    looked = threading.Event()

    def look() -> None:
        nonlocal page
        while not looked.is_set():
            page = max(page, page_run(server, "clienta.nl"))

    looking = threading.Thread(target=look)
    looking.start()
    while any(thread.is_alive() for thread in threads):
        slowest = max(slowest, _health(where))
        time.sleep(0.02)
    looked.set()
    looking.join()
    assert slowest < 2 + 5 * usual, (slowest, usual)
    assert 0 < page < 5 + 5 * usual_page, (page, usual_page)
    assert set(answers.values()) <= {200, 400, 413}, answers


def _health(where: str) -> float:
    """Seconds until the health answers."""
    began = time.monotonic()
    with closing(http.client.HTTPConnection(where, timeout=30)) as connection:
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
    return time.monotonic() - began
