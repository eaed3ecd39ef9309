"""Links by which people set a password."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "link",
        sa.Column("id", Integer, nullable=False),
        sa.Column("run", Integer, sa.ForeignKey("run.id")),
        sa.Column("source", Integer, sa.ForeignKey("run.id")),
        sa.Column("purpose", Text, nullable=False),
        sa.Column("domain", Text, nullable=False),
        sa.Column("username", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("recipient", Text, nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("who", Text, nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("send_at", sa.Float(), nullable=False),
        sa.Column("valid_from", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), unique=True),
        sa.Column("sealed_token", sa.LargeBinary()),
        sa.Column("wrapped_key", sa.LargeBinary()),
        sa.Column("mail", Integer),
        sa.Column("mail_status", Text, server_default="", nullable=False),
        sa.Column("mail_problem", Text, server_default="", nullable=False),
        sa.Column("mail_code", Integer, server_default="0", nullable=False),
        sa.Column("words", Text, server_default="", nullable=False),
        sa.Column("sent_at", sa.Float()),
        sa.Column("opened_at", sa.Float()),
        sa.Column("set_at", sa.Float()),
        sa.Column("ended_at", sa.Float()),
        sa.Column("end", Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    living = sa.text("ended_at IS NULL")
    op.create_index(
        "link_living", "link", ["domain", "username", "purpose"], unique=True,
        sqlite_where=living, postgresql_where=living,
    )  # fmt: skip
    op.create_index("link_by_run", "link", ["run"])
    op.create_index("link_by_source", "link", ["source"])
    op.create_index("link_by_mail", "link", ["mail"])
