"""Databases as the store uses them; SQLite and PostgreSQL have a module each."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from mxlib.store.errors import StoreUnavailable
from mxlib.store.transaction import Tx

#: The channel of signals in PostgreSQL; in a file, what the names of their facts begin with.
SIGNALS = "mxm_signal"

#: Waits for so many seconds at most, and returns the names of the signals that were sent meanwhile.
Hear = Callable[[float], Collection[str]]


class ReadTooLong(StoreUnavailable):
    """A reading transaction was ended, since it delayed others."""

    def __init__(self) -> None:
        super().__init__("Reading this took over 30 seconds and was ended, so that others can go on. Ask for less.")


class OwnerLock(Protocol):
    """A lock that ends with its process: a hint to whether an owner is gone."""

    @property
    def id(self) -> str:
        """Return the identity of what is locked."""
        ...

    def is_lost(self) -> bool:
        """Return whether it no longer keeps others out."""
        ...

    def close(self) -> None:
        """Release it."""
        ...


class DatabaseEngine(Protocol):
    """A database as the store uses it."""

    @property
    def name(self) -> str:
        """Return the name of the product, for people."""
        ...

    @property
    def pool(self) -> sa.Engine:
        """Return the connections."""
        ...

    @property
    def commits(self) -> int:
        """Return how many transactions of this process are committed."""
        ...

    @property
    def path(self) -> Path | None:
        """Return the file of the database; None for one in memory or on a server."""
        ...

    @property
    def end_old_readers(self) -> Callable[[], object]:
        """Return the function that ends transactions which read for too long."""
        ...

    @property
    def keeps_log(self) -> bool:
        """Return whether deleted data stays in a log that the database itself empties later."""
        ...

    def writing(self) -> AbstractContextManager[Tx]:
        """Open a transaction that may write: the only one at a time.

        It is committed when the block ends, and rolled back when the block raises.
        """
        ...

    def reading(self) -> AbstractContextManager[Tx]:
        """Open a consistent read."""
        ...

    def is_sound(self, seconds: float) -> bool | None:
        """Return whether no page is known to be damaged; None when looking takes over `seconds`."""
        ...

    def scrub(self) -> bool:
        """Let no file of the database hold what was deleted; return whether that worked."""
        ...

    def listening(self) -> AbstractContextManager[Hear]:
        """Hear the signals that are sent inside the block; raises StoreUnavailable once it hears none."""
        ...

    def take_lock(self) -> OwnerLock | None:
        """Take the lock of the owner.

        None while another process has it. A database without a file has no lock: None, too.
        """
        ...

    def time(self) -> sa.ColumnElement[float]:
        """Return the time as Unix seconds, in a statement: by one clock for all who use the database."""
        ...

    def version(self) -> str:
        """Return the version of the database program."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


def is_address(place: Path | str) -> bool:
    """Return whether a place is the address of a database of PostgreSQL."""
    return isinstance(place, str) and place.partition("://")[0] in ("postgresql", "postgres", "postgresql+psycopg")
