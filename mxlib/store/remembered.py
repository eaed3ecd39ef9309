"""Answers of the store, kept for as long as nobody commits anything to it."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from mxlib.store.database import Store
from mxlib.store.transaction import Tx

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")

#: Answers that are kept at most.
_MOST = 1_000


class Remembered(Generic[Key, Answer]):
    """Answers to one question, by what it is about.

    A page asks for the rights of its caller some sixty times while it is drawn. An answer is never older than the last
    commit, of whatever process: where the store cannot tell that, each question is asked.
    """

    def __init__(self, store: Store, ask: Callable[[Tx, Key], Answer]) -> None:
        self._store, self._ask = store, ask
        self._lock = threading.Lock()
        self._version: tuple[int, int] | None = None
        self._answers: dict[Key, Answer] = {}

    def of(self, key: Key) -> Answer:
        """Return the answer for `key`."""
        version = self._store.version()  # before it is asked: what is committed meanwhile makes the answer old
        with self._lock:
            if version is not None and version == self._version and key in self._answers:
                return self._answers[key]
        with self._store.read() as tx:
            answer = self._ask(tx, key)
        with self._lock:
            if version != self._version or len(self._answers) >= _MOST:
                self._version, self._answers = version, {}
            if version is not None:
                self._answers[key] = answer
        return answer
