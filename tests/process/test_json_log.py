"""A server whose log is JSON: every line that it writes is an object, from its first to its last."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import driver

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]

JSON = {"MXM_LOG": "json"}


def objects(output: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in output.splitlines()]


def test_every_line_of_a_server_is_json(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = driver.BRISK | JSON | {"MXM_DATA_DIR": str(tmp_path / "data"), "MXM_SANDBOX_DAYS": "0"}
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "mxlib.dashboard", "--server.port", str(port)],
            cwd=driver.ROOT, env=driver.foreign_to_us(os.environ) | settings, stdout=out, stderr=out,
        )  # fmt: skip
    server = driver.Server(process, log, tmp_path / "data", f"http://127.0.0.1:{port}")
    try:
        server.wait_until_it_serves()
        with socket.create_connection(("127.0.0.1", port), 10) as line:
            line.sendall(b"no request at all\r\n\r\n")
            line.recv(1_000)
    finally:
        assert server.stop(30) in (0, -15)
    lines = objects(server.output())
    assert (lines[0]["message"], lines[0]["address"]) == ("MXM starts", server.url)
    assert ("uvicorn.error", "Invalid HTTP request received.") in [(each["logger"], each["message"]) for each in lines]
    assert {each["level"] for each in lines[1:]} <= {"warning", "error", "critical"}, "Requests were logged."
    assert all(each.keys() >= {"time", "level", "logger", "message"} for each in lines)


def test_the_line_of_a_server_that_does_not_start_is_json(tmp_path: Path) -> None:
    quiet = ("--logger.hideWelcomeMessage", "true")
    server = driver.start(tmp_path, *quiet, settings=JSON | {"MXM_MAX_ROWS": "many"}, begin=driver.begin_warm)
    assert server.process.wait(90) != 0
    said = objects(server.output())[-1]
    assert said["level"] == "critical"
    assert said["message"].startswith("MXM does not start: MXM_MAX_ROWS: ")
