"""The switches of self-service reset: of clients, and of single domains without a client."""

from collections.abc import Collection

import sqlalchemy as sa

from mxlib.store.tables import client, client_domain
from mxlib.store.tables import self_service as table
from mxlib.store.transaction import Tx


def is_on(tx: Tx, domain: str) -> bool:
    """Return whether people may reset the passwords of a domain's mailboxes themselves."""
    of_client = (
        sa.select(client.c.self_service)
        .join(client_domain, client_domain.c.client == client.c.id)
        .where(client_domain.c.domain == domain)
    )
    found = tx.execute(of_client).first()
    if found is not None:
        return bool(found[0])
    return tx.execute(sa.select(table.c.domain).where(table.c.domain == domain)).first() is not None


def domains(tx: Tx) -> frozenset[str]:
    """Return every domain where it is on."""
    of_clients = (
        sa.select(client_domain.c.domain)
        .join(client, client_domain.c.client == client.c.id)
        .where(client.c.self_service)
    )
    # A row of a domain that has a client since has no effect.
    alone = sa.select(table.c.domain).where(table.c.domain.not_in(sa.select(client_domain.c.domain)))
    return frozenset(tx.execute(of_clients).scalars()) | frozenset(tx.execute(alone).scalars())


def with_client(tx: Tx, names: Collection[str]) -> frozenset[str]:
    """Return which of these domains have a client."""
    return frozenset(tx.execute(sa.select(client_domain.c.domain)).scalars()) & frozenset(names)


def put(tx: Tx, domain: str, *, at: float, who: str) -> None:
    """Turn it on in a domain without a client."""
    drop(tx, domain)
    tx.execute(table.insert().values(domain=domain, at=at, who=who))


def drop(tx: Tx, domain: str) -> bool:
    """Turn it off in a domain without a client; return whether it was on."""
    return tx.execute(table.delete().where(table.c.domain == domain)).rowcount > 0
