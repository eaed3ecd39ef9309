"""Links by which people set a password."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), sa.ForeignKey("run.id")),
        sa.Column("source", sa.Integer(), sa.ForeignKey("run.id")),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("send_at", sa.Float(), nullable=False),
        sa.Column("valid_from", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), unique=True),
        sa.Column("sealed_token", sa.LargeBinary()),
        sa.Column("wrapped_key", sa.LargeBinary()),
        sa.Column("mail", sa.Integer()),
        sa.Column("mail_status", sa.Text(), server_default="", nullable=False),
        sa.Column("mail_problem", sa.Text(), server_default="", nullable=False),
        sa.Column("mail_code", sa.Integer(), server_default="0", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", sa.Float()),
        sa.Column("opened_at", sa.Float()),
        sa.Column("set_at", sa.Float()),
        sa.Column("ended_at", sa.Float()),
        sa.Column("end", sa.Text(), server_default="", nullable=False),
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
