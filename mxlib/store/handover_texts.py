"""Texts to owners of mailboxes, and letterheads, as admins wrote them."""

from collections.abc import Collection
from dataclasses import dataclass, field

import sqlalchemy as sa

from mxlib.core.handover.stationery import Letterhead
from mxlib.core.handover.texts import Text, TextKind
from mxlib.store.tables import handover_text as table
from mxlib.store.tables import letterhead as heads
from mxlib.store.transaction import Tx
from mxlib.store.upsert import upsert

#: Stands for all clients, in place of the number of one.
ALL_CLIENTS = 0

#: Stored in place of the logo of a client whose letters have none, where a blank takes that of all clients. No picture
#: has these bytes.
_WITHOUT_LOGO = b"without"


@dataclass(frozen=True, slots=True)
class StoredText:
    """A text with its author; blank and 0 for a standard text."""

    text: Text
    changed_at: float = 0.0
    who: str = ""


@dataclass(frozen=True, slots=True)
class StoredLetterhead:
    """A letterhead with its author. `language` holds for domains without a client."""

    letterhead: Letterhead = field(default_factory=Letterhead)
    language: str = ""
    changed_at: float = 0.0
    who: str = ""


def texts(tx: Tx, kind: TextKind, clients: Collection[int]) -> dict[tuple[int, str], StoredText]:
    """Return the texts of a kind that these clients have, by client and language."""
    found = tx.execute(sa.select(table).where(table.c.kind == kind, table.c.client.in_(sorted(clients))))
    return {
        (row.client, row.language): StoredText(Text(row.body, row.subject), row.changed_at, row.who) for row in found
    }


def put_text(tx: Tx, client: int, kind: TextKind, language: str, stored: StoredText) -> None:
    """Store a text, in place of an earlier one."""
    upsert(
        tx,
        table,
        {
            "client": client,
            "kind": kind,
            "language": language,
            "subject": stored.text.subject,
            "body": stored.text.body,
            "changed_at": stored.changed_at,
            "who": stored.who,
        },
    )


def remove_text(tx: Tx, client: int, kind: TextKind, language: str) -> None:
    """Remove a text, so that the one that it replaced holds again."""
    tx.execute(table.delete().where(table.c.client == client, table.c.kind == kind, table.c.language == language))


def letterheads(tx: Tx, clients: Collection[int]) -> dict[int, StoredLetterhead]:
    """Return the letterheads that these clients have."""
    found = tx.execute(sa.select(heads).where(heads.c.client.in_(sorted(clients))))
    return {
        row.client: StoredLetterhead(
            Letterhead(row.agency, row.help_address, *_logo(row.logo)), row.language, row.changed_at, row.who
        )
        for row in found
    }


def put_letterhead(tx: Tx, client: int, stored: StoredLetterhead) -> None:
    """Store a letterhead, in place of an earlier one."""
    head = stored.letterhead
    upsert(
        tx,
        heads,
        {
            "client": client,
            "agency": head.agency,
            "help_address": head.help_address,
            "logo": _WITHOUT_LOGO if head.without_logo else head.logo,
            "language": stored.language,
            "changed_at": stored.changed_at,
            "who": stored.who,
        },
    )


def _logo(stored: bytes) -> tuple[bytes, bool]:
    """Return a stored logo, and whether letters have none."""
    return (b"", True) if stored == _WITHOUT_LOGO else (stored, False)
