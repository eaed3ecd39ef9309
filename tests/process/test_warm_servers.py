"""Servers that tests fork: they start whatever ran before in the process of the tests."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support import warm_servers

pytestmark = pytest.mark.process


def test_a_server_starts_after_a_page_was_run_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, log = tmp_path / "page.py", tmp_path / "server.log"
    page.write_text("raise SystemExit(1)\n")
    left_there = ModuleType("__main__")
    left_there.__file__ = str(page)
    monkeypatch.setitem(sys.modules, "__main__", left_there)
    process = warm_servers.start(["platform"], tmp_path, {}, log)
    assert process.wait(60) == 0
    assert sys.modules["__main__"] is left_there
    assert log.read_text().strip()
