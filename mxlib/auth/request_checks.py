"""What a request may look like on the wire: lengths said twice, misleading cookies and paths, and hang-ups."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

log = logging.getLogger(__name__)


def is_ambiguous(headers: Headers) -> str:
    """Why the length of a body is not certain; blank when it is.

    A proxy in front may read such a request otherwise, and let a second one through that is hidden in its body.
    """
    lengths = headers.getlist("content-length")
    if lengths and "transfer-encoding" in headers:
        return "It has both Content-Length and Transfer-Encoding. Send one of them."
    if len(lengths) > 1 or any("," in length for length in lengths):
        return "It has more than one Content-Length. Send one."
    return ""


@contextmanager
def hang_ups_noted() -> Iterator[None]:
    """Write one line, and no traceback, when the sender hangs up before the block has all of its request."""
    try:
        yield
    except ClientDisconnect:
        log.warning("A client hung up before its request or its answer was whole.")


def plain_cookies(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """A header; of cookies those without a backslash: nobody here sets others, and undoing many takes seconds."""
    name, value = header
    if name.lower() != b"cookie" or b"\\" not in value:
        return header
    return name, b";".join(part for part in value.split(b";") if b"\\" not in part)


def leads_away(path: str) -> bool:
    """Whether a path holds what leads to another one in a file system."""
    return "\0" in path or ".." in path.replace("\\", "/").split("/")
