"""No log line has the token of a link, whichever logger and formatter wrote it."""

import io
import logging
from collections.abc import Iterator

import pytest

from mxlib.ui.app import log_masks

TOKEN = "invented-token-" + "A" * 28


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Yield what the root logger writes while tokens are masked."""
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error"):  # a server of another test may have set them
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "propagate", True)
        monkeypatch.setattr(logger, "disabled", False)
        monkeypatch.setattr(logger, "level", logging.NOTSET)
        logger.manager._clear_cache()
    factory, written = logging.getLogRecordFactory(), io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    log_masks.install()
    yield written
    logging.setLogRecordFactory(factory)
    logging.getLogger().removeHandler(handler)


def test_the_access_log_of_uvicorn_has_no_token(lines: io.StringIO) -> None:
    access = logging.getLogger("uvicorn.access")
    for path in (f"/password/{TOKEN}", f"/recovery/{TOKEN}?x=1", f"/password/%41{TOKEN}"):
        access.warning('%s - "%s %s HTTP/%s" %d', "203.0.113.7:5", "GET", path, "1.1", 200)
    assert TOKEN not in lines.getvalue()
    assert '"GET /password/… HTTP/1.1" 200' in lines.getvalue()
    assert '"GET /recovery/…?x=1 HTTP/1.1" 200' in lines.getvalue()


def test_the_traceback_of_an_error_has_no_token(lines: io.StringIO) -> None:
    try:
        try:
            raise ValueError(f"https://password.agency.example/password/{TOKEN}")
        except ValueError as error:
            raise RuntimeError("it broke") from error
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    assert TOKEN not in lines.getvalue()
    assert "/password/…" in lines.getvalue()
    assert "RuntimeError: it broke" in lines.getvalue()


def test_other_lines_stay_as_they_are(lines: io.StringIO) -> None:
    log = logging.getLogger("mxlib.test")
    log.warning("%d of %s at /password/reset", 3, "five")
    try:
        raise ValueError("plain")
    except ValueError:
        log.exception("It failed.")
    assert "3 of five at /password/reset" in lines.getvalue()
    assert "ValueError: plain" in lines.getvalue()
