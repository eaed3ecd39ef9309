"""Permission to import includes permission to view."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_HOLDERS = [
    sa.table(name, sa.column("id", sa.Integer), sa.column("name", sa.Text), sa.column("permissions", sa.JSON))
    for name in ("user", "token")
]
_AUDIT = sa.table("audit", *map(sa.column, ("at", "who", "kind", "what", "on", "address", "outcome")))


def upgrade() -> None:
    """Give `view` to users and tokens wherever they have `import` without it.

    Each change gets an audit entry.
    """
    bind, now = op.get_bind(), time.time()
    for table in _HOLDERS:
        for number, name, given in bind.execute(sa.select(table)).all():
            full = {domain: _with_view(may) for domain, may in given.items()}
            if full == given:
                continue
            bind.execute(table.update().where(table.c.id == number).values(permissions=full))
            granted = "; ".join(f"{domain}: {', '.join(may)}" for domain, may in full.items())
            bind.execute(
                _AUDIT.insert().values(
                    at=now,
                    who="MXM",
                    kind="engine",
                    what=f"{table.name}.change",
                    on=name if table.name == "user" else f"{name} (token {number})",
                    address="",
                    outcome=f"import includes view from this release on: {granted}",
                )
            )


def _with_view(given: list[str]) -> list[str]:
    return ["view", *given] if "import" in given and "view" not in given else given
