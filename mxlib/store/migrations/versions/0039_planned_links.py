"""Planned links beside living ones, and codes of why dated deletions ask."""

import re
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"

#: Texts of earlier releases, by their codes.
_TEXTS: Mapping[str, str] = {
    "it is not locked": "not_locked",
    "it was unlocked since": "unlocked",
    "another mailbox may have its name: it was listed for the first time since": "made_again",
    "it holds less mail than when this was asked, so someone may use it": "less_mail",
    "a backup was restored since, and it may have been called off after the backup": "restored",
    "MXroute does not report whether it was used": "not_known",
    "its run was stopped": "stopped",
}
_SENT = re.compile(r"it sent ([0-9,]{1,20}) messages? on ([0-9]{1,2} [A-Z][a-z]{2})(?: ([0-9]{4}))?")
_NOT_ALLOWED = re.compile(r".{1,300} may no longer delete in (\S{1,300})")


def upgrade() -> None:
    """Change the indexes of links; turn the texts of dated deletions into codes and figures."""
    op.drop_index("link_living", "link")
    for name, token in (("link_living", "IS NOT NULL"), ("link_planned", "IS NULL")):
        where = sa.text(f"ended_at IS NULL AND token_digest {token}")
        op.create_index(
            name, "link", ["domain", "username", "purpose"], unique=True, sqlite_where=where, postgresql_where=where
        )
    op.create_index("link_by_mailbox", "link", ["domain", "username"])
    op.add_column("dated_deletion", sa.Column("figures", sa.JSON(), server_default="{}", nullable=False))
    table = sa.table(
        "dated_deletion", sa.column("domain", sa.Text), sa.column("username", sa.Text), sa.column("why", sa.Text),
        sa.column("asked_at", sa.Float), sa.column("figures", sa.JSON),
    )  # fmt: skip
    connection = op.get_bind()
    found = sa.select(table.c.domain, table.c.username, table.c.why, table.c.asked_at).where(table.c.why != "")
    for domain, username, text, asked_at in connection.execute(found).all():
        code, figures = _coded(text, asked_at)
        place = (table.c.domain == domain) & (table.c.username == username)
        connection.execute(table.update().where(place).values(why=code, figures=figures))


def _coded(text: str, asked_at: float) -> tuple[str, dict[str, object]]:
    """Return the code of a text, and its figures."""
    if text in _TEXTS:
        return _TEXTS[text], {}
    if (sent := _SENT.fullmatch(text)) and (at := _day(sent[2], sent[3], asked_at)) is not None:
        return "sent", {"messages": int(sent[1].replace(",", "")), "at": at}
    if refused := _NOT_ALLOWED.fullmatch(text):
        return "not_allowed", {"domain": refused[1]}
    return "earlier", {"text": text}


def _day(day: str, year: str | None, asked_at: float) -> float | None:
    """Return when a day began that was written without its year: the first one since it was asked."""
    asked = datetime.fromtimestamp(asked_at)
    for each in [int(year)] if year else [asked.year, asked.year + 1]:
        try:
            found = datetime.strptime(f"{day} {each}", "%d %b %Y")
        except ValueError:
            continue
        if year or found.date() >= asked.date():
            return found.timestamp()
    return None
