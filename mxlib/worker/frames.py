"""Frames in the pipes between the server and its worker: a length, then that many bytes."""

import io
import struct
from typing import BinaryIO

_LENGTH = struct.Struct("<Q")


def put(pipe: BinaryIO, content: bytes) -> None:
    """Write one frame."""
    pipe.write(_LENGTH.pack(len(content)))
    pipe.write(content)
    pipe.flush()


def take(pipe: BinaryIO) -> bytes:
    """Read one frame; raises EOFError at the end."""
    (size,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return _exactly(pipe, size)


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    found = io.BytesIO()
    while found.tell() < size:
        part = pipe.read(min(size - found.tell(), 2**20))
        if not part:
            raise EOFError
        found.write(part)
    return found.getvalue()
