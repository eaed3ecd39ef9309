"""Column choices, stored for each person: those of another user are offered, and never applied."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Key the choices by person, too; existing ones stay with the person who made them."""
    op.execute("ALTER TABLE mapping_answer RENAME TO mapping_answer_of_all")
    op.execute(
        "CREATE TABLE mapping_answer (digest BLOB NOT NULL, answer JSON NOT NULL, answered_by TEXT NOT NULL, "
        "answered_at FLOAT NOT NULL, PRIMARY KEY (digest, answered_by))"
    )
    op.execute(
        "INSERT INTO mapping_answer (digest, answer, answered_by, answered_at) "
        "SELECT digest, answer, answered_by, answered_at FROM mapping_answer_of_all"
    )
    op.execute("DROP TABLE mapping_answer_of_all")
