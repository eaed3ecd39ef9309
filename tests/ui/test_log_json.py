"""The log as JSON: one object a line, whichever library wrote it, with its facts, and without a link."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import streamlit.logger
from streamlit.logger import get_logger

from mxlib import dashboard
from mxlib.settings import Settings
from mxlib.ui.app import log_json, log_masks

TOKEN = "invented-token-" + "A" * 28


class Lines:
    """What was written to the error output."""

    def __init__(self, output: io.StringIO) -> None:
        self.output = output

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.getvalue().splitlines()]

    def last(self) -> dict[str, Any]:
        return self.all()[-1]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Yield what this process logs; afterwards its loggers are as before."""
    output = io.StringIO()
    monkeypatch.setattr(sys, "stderr", output)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(streamlit.logger, "setup_formatter", streamlit.logger.setup_formatter)
    root, factory = logging.getLogger(), logging.getLogRecordFactory()
    loggers = [root, *(each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger))]
    before = [(each, each.handlers[:], each.propagate, each.level) for each in loggers]
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error"):  # a server of another test may have set them
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)
        logging.getLogger(name).setLevel(logging.NOTSET)
        logging.getLogger(name).propagate = True
    log_masks.install()
    log_json.install()
    yield Lines(output)
    logging.captureWarnings(False)
    logging.setLogRecordFactory(factory)
    for each, handlers, propagate, level in before:
        each.handlers[:], each.propagate = handlers, propagate
        each.setLevel(level)
    for name in ("a.library", "streamlit.new", "streamlit.other"):
        logging.getLogger(name).handlers[:] = []


def test_a_line_has_time_with_zone_level_logger_and_message(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    ours = [each for each in root.handlers if not type(each).__module__.startswith("_pytest.")]
    monkeypatch.setattr(root, "handlers", ours)  # half a character in a report of pytest ends its process
    logging.getLogger("mxlib.test").warning("Reading %s failed\nand so on: %s", "a.nl", "é \ud800")
    line = lines.last()
    assert line.keys() == {"time", "level", "logger", "message"}
    assert datetime.fromisoformat(line["time"]).utcoffset() is not None
    assert (line["level"], line["logger"]) == ("warning", "mxlib.test")
    assert line["message"] == "Reading a.nl failed\nand so on: é ?"
    assert len(lines.output.getvalue().splitlines()) == 1


def test_facts_of_a_line_are_fields_with_their_types(lines: Lines) -> None:
    facts = {"run": 3, "done": True, "share": 0.5, "code": "DISK_FULL", "none": None, "odd": float("nan"), "set": {1}}
    logging.getLogger("mxlib.test").error("A run failed", extra=facts | {"level": "hidden", "time": 1})
    line = lines.last()
    assert {name: line[name] for name in facts} == facts | {"odd": "nan", "set": "{1}"}
    assert line["level"] == "error"
    assert isinstance(line["time"], str)


def test_an_exception_is_a_field(lines: Lines) -> None:
    try:
        raise RuntimeError("it broke")
    except RuntimeError:
        logging.getLogger("mxlib.test").exception("A task failed")
    line = lines.last()
    assert line["message"] == "A task failed"
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("RuntimeError: it broke")


def test_no_field_has_the_token_of_a_link(lines: Lines) -> None:
    address = f"https://password.agency.example/password/{TOKEN}"
    log = logging.getLogger("uvicorn.error")
    log.error("GET %s failed", address, extra={"path": f"/recovery/{TOKEN}", "headers": {"referer": address}})
    try:
        raise ValueError(address)
    except ValueError:
        log.exception("Exception in %s", "the application")
    log.error("in a stack", stack_info=True, extra={"stack": [address]})
    assert TOKEN not in lines.output.getvalue()
    assert [line["logger"] for line in lines.all()] == ["uvicorn.error"] * 3
    assert lines.all()[0]["path"] == "/recovery/…"


def test_streamlit_libraries_warnings_and_threads_write_such_lines(
    lines: Lines,
) -> None:
    get_logger("streamlit.new").error("of Streamlit")
    streamlit.logger.update_formatter()
    get_logger("streamlit.new").error("of Streamlit again")
    logging.getLogger("a.library").error("of a library")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("a warning of Python", stacklevel=1)
    thread = threading.Thread(target=lambda: 1 / 0, name="mxm-x")
    thread.start()
    thread.join()
    sys.excepthook(KeyError, KeyError("x"), None)
    said = [(line["logger"], line["message"].partition("\n")[0][-19:]) for line in lines.all()]
    assert said[:3] == [
        ("streamlit.new", "of Streamlit"), ("streamlit.new", "of Streamlit again"), ("a.library", "of a library"),
    ]  # fmt: skip
    assert said[3][0] == "py.warnings"
    assert (lines.all()[4]["thread_name"], lines.all()[4]["exception"][-16:]) == ("mxm-x", "division by zero")
    assert lines.all()[5]["level"] == "critical"
    assert len(said) == 6


def test_what_is_no_problem_is_not_written(lines: Lines) -> None:
    access = logging.getLogger("uvicorn.access")
    access.setLevel(logging.INFO)
    access.info("GET /ready")
    assert lines.all() == []


def test_a_long_text_is_cut(lines: Lines) -> None:
    logging.getLogger("mxlib.test").error("x" * 100_000, extra={"path": "y" * 100_000})
    line = lines.last()
    assert len(line["message"]) == len(line["path"]) == log_json.MAX_CHARACTERS + 1
    assert line["message"].endswith("…")


@pytest.mark.parametrize(("value", "wanted"), [("json", True), (" JSON ", True), ("text", False), ("", False)])
def test_the_environment_chooses_the_form_of_lines(value: str, wanted: bool) -> None:
    assert log_json.is_wanted({"MXM_LOG": value}) is wanted
    assert not log_json.is_wanted({})


def test_the_settings_know_two_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().log == "text"
    monkeypatch.setenv("MXM_LOG", "xml")
    with pytest.raises(ValueError, match="MXM_LOG"):
        Settings()


def test_the_first_line_has_the_address_in_both_forms() -> None:
    assert dashboard._first_line("http://[::1]:1", {}) == "MXM: http://[::1]:1 (Ctrl+C stops it)"
    line = json.loads(dashboard._first_line("http://[::1]:1", {"MXM_LOG": "json"}))
    assert (line["level"], line["address"]) == ("info", "http://[::1]:1")
    assert datetime.fromisoformat(line["time"]).utcoffset() is not None
