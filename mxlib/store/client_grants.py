"""Permissions that were given for a client: the domains that each of them has now."""

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from mxlib.store.tables import client, client_domain
from mxlib.store.transaction import Tx


def domains(tx: Tx, numbers: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Return the domains of these clients, by number; none for a client that is gone."""
    if not numbers:
        return {}
    order = sa.select(client_domain.c.client, client_domain.c.domain).order_by(client_domain.c.position)
    found: dict[int, list[str]] = {}
    for number, domain in tx.execute(order.where(client_domain.c.client.in_(numbers))):
        found.setdefault(number, []).append(domain)
    return {number: tuple(names) for number, names in found.items()}


def names(tx: Tx) -> dict[int, str]:
    """Return the name of every client, by number and in the order of names."""
    return {row.id: row.name for row in tx.execute(sa.select(client.c.id, client.c.name).order_by(client.c.key))}


def missing(tx: Tx, numbers: Iterable[int]) -> list[int]:
    """Return which of these numbers belong to no client."""
    known = names(tx)
    return sorted(number for number in numbers if number not in known)
