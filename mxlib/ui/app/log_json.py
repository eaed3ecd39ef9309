"""Log lines as JSON, one object a line, for programs that collect logs (MXM_LOG=json)."""

import json
import logging
import os
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import streamlit.logger

from mxlib.ui.app.log_masks import masked

#: Fields of every record, which are not facts that a line adds.
_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}

#: Fields of every line. Facts with these names would hide them.
_OURS = frozenset({"time", "level", "logger", "message", "exception"})

#: The most characters of a text, so that a line is no larger than collectors take.
MAX_CHARACTERS = 16_000


class JsonFormatter(logging.Formatter):
    """Turns a record into one line of JSON, in which links are masked."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _text(record.getMessage()),
        }
        line |= {
            name: _fact(value)
            for name, value in vars(record).items()
            if name not in _OF_EVERY_RECORD and name not in _OURS
        }
        failure = record.exc_text or (self.formatException(record.exc_info) if record.exc_info else "")
        if failure := "\n".join(filter(None, [failure, record.stack_info])):
            line["exception"] = _text(failure)
        return json.dumps(line, ensure_ascii=False, allow_nan=False)


def _text(value: object) -> str:
    text = masked(str(value)).encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"


def _fact(value: object) -> Any:
    """Return a value that JSON has; text for everything else."""
    if value is None or isinstance(value, bool | int):
        return value
    return value if isinstance(value, float) and abs(value) < float("inf") else _text(value)


def is_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the environment says so.

    It is asked before the settings are read: that they cannot be read is a line as well.
    """
    return environment.get("MXM_LOG", "").strip().lower() == "json"


def install() -> None:
    """Write every line of this process as JSON from now on, whichever library says it."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    handler.setLevel(logging.WARNING)  # as without JSON: uvicorn says each request at a lower one
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for logger in list(root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            _leave_to_root(logger)
    # Streamlit gives each logger that it makes later a handler of its own.
    streamlit.logger.setup_formatter = _leave_to_root
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _leave_to_root(logger: logging.Logger) -> None:
    """Let the one handler of the root write what a logger says."""
    logger.handlers.clear()
    logger.propagate = True


def _uncaught(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        logging.getLogger("mxlib").critical("MXM failed and ends", exc_info=(kind, error, place))


def _uncaught_in_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        name = failed.thread.name if failed.thread else "?"
        info = (failed.exc_type, failed.exc_value, failed.exc_traceback)
        logging.getLogger("mxlib").error("A thread failed", exc_info=info, extra={"thread_name": name})


def line(message: str, level: int) -> str:
    """Return a line that no logger writes."""
    name = logging.getLevelName(level)
    return JsonFormatter().format(logging.makeLogRecord({"msg": message, "levelname": name, "name": "mxlib"}))
