"""Changes in a file, one JSON line each, so that a restart has them again."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from mxlib.sandbox.state import Change


class EventLog:
    """An append-only file of changes; holds hashes of passwords, never a password.

    Each line is one unbuffered write, so a killed process leaves whole lines and at most one partial line at the end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def changes(self) -> list[Change]:
        """Return every change so far.

        A partial last line is cut off, so that the next change starts on a line of its own. Raises ValueError when the
        file holds something else.
        """
        if not self._path.exists():
            return []
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            os.truncate(self._path, len(whole))
        try:
            return [Change(**json.loads(line)) for line in whole.splitlines()]
        except (ValueError, TypeError):
            raise ValueError(f"{self._path} holds no sandbox changes; move it away to start afresh.") from None

    def append(self, change: Change) -> None:
        """Store one change; raises OSError, with nothing of it stored, when that fails."""
        data = {name: value for name, value in asdict(change).items() if value is not None and name != "password"}
        line = json.dumps(data, separators=(",", ":")).encode() + b"\n"
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            before = os.fstat(descriptor).st_size
            if os.write(descriptor, line) != len(line):
                os.ftruncate(descriptor, before)
                raise OSError("The disk is full.")
        finally:
            os.close(descriptor)
