"""Clients with their domains; a domain belongs to at most one of them."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from mxlib.core.clients import ClientDetails, Contact, Terms, key_of
from mxlib.store.tables import client as table
from mxlib.store.tables import client_domain as domains
from mxlib.store.tables import handover_text, letterhead, self_service
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """One client as stored."""

    id: int
    details: ClientDetails


def add(tx: Tx, details: ClientDetails, *, by: str, at: float) -> int:
    """Store a new client with who added it and when (Unix seconds); return its number."""
    inserted = tx.execute(table.insert().values(**_columns(details), created_by=by, created_at=at))
    number = int((inserted.inserted_primary_key or (0,))[0])
    _put_domains(tx, number, details.domains)
    return number


def change(tx: Tx, number: int, details: ClientDetails) -> None:
    """Replace the details of a client."""
    tx.execute(table.update().where(table.c.id == number).values(**_columns(details)))
    tx.execute(domains.delete().where(domains.c.client == number))
    _put_domains(tx, number, details.domains)


def release_domains(tx: Tx, numbers: Collection[int]) -> None:
    """Release the domains of these clients, so that others may have them."""
    tx.execute(domains.delete().where(domains.c.client.in_(list(numbers))))


def remove(tx: Tx, number: int) -> None:
    """Remove a client with its texts and letterhead; its domains become clients of their own."""
    for own in (handover_text, letterhead):
        tx.execute(own.delete().where(own.c.client == number))
    tx.execute(domains.delete().where(domains.c.client == number))
    tx.execute(table.delete().where(table.c.id == number))


def get(tx: Tx, number: int) -> ClientRecord | None:
    """Return the client of that number."""
    return next(iter(_found(tx, table.c.id == number)), None)


def named(tx: Tx, name: str) -> ClientRecord | None:
    """Return the client of that name, in any case."""
    return next(iter(_found(tx, table.c.key == key_of(name))), None)


def of_domain(tx: Tx, domain: str) -> ClientRecord | None:
    """Return the client that a domain belongs to; None where it is its own."""
    number = sa.select(domains.c.client).where(domains.c.domain == domain).scalar_subquery()
    return next(iter(_found(tx, table.c.id == number)), None)


def of_domains(tx: Tx, names: Collection[str]) -> list[ClientRecord]:
    """Return the clients of any of these domains."""
    known, wanted = tx.execute(sa.select(domains.c.client, domains.c.domain)), frozenset(names)
    numbers = {number for number, domain in known if domain in wanted}
    return _found(tx, table.c.id.in_(numbers)) if numbers else []


def largest_quota(tx: Tx, domain: str) -> int | None:
    """Return the largest quota (MB) of mailboxes of a domain; None without one."""
    query = sa.select(table.c.max_quota).join(domains, domains.c.client == table.c.id).where(domains.c.domain == domain)
    most = tx.scalar(query)
    return None if most is None else int(most)


def list_clients(tx: Tx) -> list[ClientRecord]:
    """Return all clients by name."""
    return _found(tx, sa.true())


def _columns(details: ClientDetails) -> dict[str, Any]:
    return {
        "name": details.name,
        "key": key_of(details.name),
        "contacts": [asdict(contact) for contact in details.contacts],
        "language": details.language,
        "notes": details.notes,
        "self_service": details.self_service,
        **asdict(details.terms),
    }


def _put_domains(tx: Tx, number: int, names: Iterable[str]) -> None:
    names = tuple(names)
    # The switch of a domain without a client ends: that of its client holds, also after it leaves the client.
    tx.execute(self_service.delete().where(self_service.c.domain.in_(names)))
    rows = [{"domain": name, "client": number, "position": at} for at, name in enumerate(names)]
    if rows:
        tx.execute(domains.insert(), rows)


def _found(tx: Tx, where: sa.ColumnElement[bool]) -> list[ClientRecord]:
    found = tx.execute(sa.select(table).where(where).order_by(table.c.key)).all()
    numbers = {row.id for row in found}
    names: dict[int, list[str]] = {number: [] for number in numbers}
    order = sa.select(domains.c.client, domains.c.domain).order_by(domains.c.client, domains.c.position)
    if len(numbers) == 1:
        order = order.where(domains.c.client == next(iter(numbers)))
    for number, domain in tx.execute(order) if numbers else ():
        if number in names:
            names[number].append(domain)
    return [_record(row, names[row.id]) for row in found]


def _record(row: Any, names: list[str]) -> ClientRecord:
    terms = Terms(row.default_quota, row.max_quota, row.max_mailboxes)
    contacts = tuple(Contact(**each) for each in row.contacts)
    details = ClientDetails(row.name, tuple(names), contacts, row.language, terms, row.notes, row.self_service)
    return ClientRecord(row.id, details)
