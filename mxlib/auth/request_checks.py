"""Checks of requests on the wire: repeated lengths, misleading cookies and paths, disconnects."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

log = logging.getLogger(__name__)


def is_ambiguous(headers: Headers) -> str:
    """Return why the length of a body is not certain; blank when it is.

    A proxy in front may read such a request otherwise, and pass on a second one that is hidden in its body.
    """
    lengths = headers.getlist("content-length")
    if lengths and "transfer-encoding" in headers:
        return "It has both Content-Length and Transfer-Encoding. Send one of them."
    if len(lengths) > 1 or any("," in length for length in lengths):
        return "It has more than one Content-Length. Send one."
    return ""


@contextmanager
def hang_ups_noted() -> Iterator[None]:
    """Log one line, without a traceback, when the client disconnects before its request is complete."""
    try:
        yield
    except ClientDisconnect:
        log.warning("A client hung up before its request or its answer was whole.")


def plain_cookies(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Remove cookies with a backslash from a header.

    Nothing here sets any, and decoding many of them is slow.
    """
    name, value = header
    if name.lower() != b"cookie" or b"\\" not in value:
        return header
    return name, b";".join(part for part in value.split(b";") if b"\\" not in part)


def leads_away(path: str) -> bool:
    """Return whether a path holds parts that lead to another one in a file system."""
    return "\0" in path or ".." in path.replace("\\", "/").split("/")
