"""Owners of tokens; the tokens of users who were disabled before end now."""

import time

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer

revision = "0007"
down_revision = "0006"

_NOTE = """
INSERT INTO audit (at, who, kind, what, "on", address, outcome)
SELECT :now, 'MXM', 'engine', 'token.revoke', token.name || ' (token ' || token.id || ')', '',
       'its maker is disabled: ' || "user".name
FROM token JOIN "user" ON "user".id = token.owner
WHERE token.revoked_at IS NULL AND "user".disabled_at IS NOT NULL
"""
_REVOKE = """
UPDATE token SET revoked_at = :now
WHERE revoked_at IS NULL AND owner IN (SELECT id FROM "user" WHERE disabled_at IS NOT NULL)
"""


def upgrade() -> None:
    """Set the owner of tokens that people created, and revoke those of disabled users."""
    # SQLite accepts a reference in a new column only in this form; Alembic would add it afterwards, which SQLite
    # cannot.
    number = Integer.compile(op.get_bind().dialect)
    op.execute(f'ALTER TABLE token ADD COLUMN owner {number} REFERENCES "user" (id)')
    op.execute('UPDATE token SET owner = (SELECT id FROM "user" WHERE "user".name = token.created_by)')
    bind, now = op.get_bind(), {"now": time.time()}
    bind.execute(sa.text(_NOTE), now)
    bind.execute(sa.text(_REVOKE), now)
