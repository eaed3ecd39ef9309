"""Column choices, stored for each person: those of another user are offered, and never applied."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Key the choices by person, too; existing ones stay with the person who made them."""
    op.execute("ALTER TABLE mapping_answer RENAME TO mapping_answer_of_all")
    op.create_table(
        "mapping_answer",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("answered_by", Text, nullable=False),
        sa.Column("answered_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "answered_by"),
    )
    op.execute(
        "INSERT INTO mapping_answer (digest, answer, answered_by, answered_at) "
        "SELECT digest, answer, answered_by, answered_at FROM mapping_answer_of_all"
    )
    op.execute("DROP TABLE mapping_answer_of_all")
