"""Codes and facts of rows, pauses and audit entries, besides their texts."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Text

revision = "0016"
down_revision = "0015"

#: Texts of earlier releases by which a paused run is to go on as it would have.
_PAUSES = {
    "no_writes": "MXroute answers, but not when it is asked to change something. Resume when MXroute is well.",
    "not_allowed": "MXroute does not allow the key to make these changes. Let it write, then Resume.",
    "key_refused": "MXroute refused the API key. Correct MX_API_KEY, restart, then Resume.",
    "host_silent": "No answer for 2 hours. Resume when MXroute is back.",
}


def upgrade() -> None:
    """Add the columns.

    Stored texts stay, and only paused runs get a code.
    """
    op.add_column("run_row", sa.Column("code", Text, nullable=False, server_default=""))
    op.add_column("run_row", sa.Column("detail", sa.JSON()))
    op.add_column("audit", sa.Column("detail", sa.JSON()))
    op.add_column("run", sa.Column("why_code", Text, nullable=False, server_default=""))
    run = sa.table("run", *map(sa.column, ("status", "why", "why_code")))
    for code, text in _PAUSES.items():
        paused = (run.c.status == "paused") & (run.c.why == text)
        op.get_bind().execute(run.update().where(paused).values(why_code=code))
