"""The lease of an account's runs, in a row of its own.

Releases before it never own the runs again.
"""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0042"
down_revision = "0041"

#: What an earlier release, which still works with this database, cannot take over: it only looks on from now on.
_NO_EPOCH = '{"epoch": "the lease decides", "id": ""}'


def upgrade() -> None:
    """Create the table, and end the ownership of an earlier release."""
    op.create_table(
        "account_lease",
        sa.Column("account", Integer, nullable=False),
        sa.Column("owner", Text, nullable=False),
        sa.Column("epoch", Integer, nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("lock", Text, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("account"),
    )
    meta = sa.table("meta", sa.column("name", Text), sa.column("value", Text))
    op.execute(meta.update().where(meta.c.name == "owner").values(value=_NO_EPOCH))
