"""Masks the links of the public pages in every line that this process logs: who has one sets a password."""

import logging
import re
import traceback
from typing import Any

#: The token of a link, in a path or an address. Tokens are long; what follows a path otherwise stays.
_TOKEN = re.compile(r"(/(?:password|recovery)/)[A-Za-z0-9_%-]{16,}")

_MASK = r"\1…"


def masked(text: str) -> str:
    """Return a text without the tokens of links."""
    return _TOKEN.sub(_MASK, text)


def install() -> None:
    """Mask every record that is made from now on, whichever logger it goes to."""
    make = logging.getLogRecordFactory()

    def make_masked(*arguments: Any, **more: Any) -> logging.LogRecord:
        return _mask(make(*arguments, **more))

    logging.setLogRecordFactory(make_masked)


def _mask(record: logging.LogRecord) -> logging.LogRecord:
    try:
        text = record.getMessage()
    except Exception:  # the handler reports what does not fit together
        text = ""
    if _TOKEN.search(text):
        record.msg, record.args = masked(text), None
    if record.exc_info and record.exc_info[0] is not None and not record.exc_text:
        # Formatters use this text where it is set, and so they add nothing of their own.
        text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        if _TOKEN.search(text):
            record.exc_text = masked(text)
    return record
