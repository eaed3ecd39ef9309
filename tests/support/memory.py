"""The cost of reading a file in a process of its own: peak memory and time.

`python -m tests.support.memory` forks for every file that it receives, so that each starts with the same memory.
"""

import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_ANSWER = struct.Struct("<qdq")
_ASKED = struct.Struct("<qq")


class Cost(NamedTuple):
    """Additional bytes, seconds, and the number of rows; -1 rows for a refused file."""

    memory: int
    seconds: float
    rows: int


class Measurer:
    """Measures files in children of another process."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def cost(self, data: bytes, name: str = "staff.csv") -> Cost:
        """Return the cost of reading `data`."""
        out, back = self._process.stdin, self._process.stdout
        assert out is not None
        assert back is not None
        out.write(_ASKED.pack(len(name.encode()), len(data)) + name.encode() + data)
        out.flush()
        answer = back.read(_ANSWER.size)
        assert len(answer) == _ANSWER.size, "Reading ended the process: it crashed, or ran out of memory."
        return Cost(*_ANSWER.unpack(answer))


@contextmanager
def measurer() -> Iterator[Measurer]:
    """Yield a process that measures, until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.memory"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "system"},
    ) as process:
        try:
            yield Measurer(process)
        finally:
            process.kill()


def _resident(what: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.split(f"{what}:")[1].split()[0]) * 1024


def _serve() -> None:
    from mxlib.core.files import reader
    from mxlib.core.mapping import mapping

    reader.read(b"username\nalice\n", "warm.csv")  # what is loaded at the first use is no cost of a file
    while asked := sys.stdin.buffer.read(_ASKED.size):
        of_name, of_data = _ASKED.unpack(asked)
        name = sys.stdin.buffer.read(of_name).decode()
        data = sys.stdin.buffer.read(of_data)
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            continue
        # A child has its libraries' pages only once it uses them; they are no cost of a file either.
        warm = reader.read(b"username\nal\xefce\n", "warm.csv")
        mapping.rows_from_sheet(warm, mapping.detect_columns(warm.header))
        before = _resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        began, rows = time.perf_counter(), -1
        try:
            sheet = reader.read(data, name)
            mapping.rows_from_sheet(sheet, mapping.detect_columns(sheet.header))
            rows = len(sheet)
        except reader.FileRefused:
            pass
        seconds = time.perf_counter() - began
        sys.stdout.buffer.write(_ANSWER.pack(_resident("VmHWM") - before, seconds, rows))
        sys.stdout.buffer.flush()
        os._exit(0)


if __name__ == "__main__":
    _serve()
