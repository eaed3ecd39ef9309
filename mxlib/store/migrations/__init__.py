"""Migrations: upgrades of an older store to the present schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from mxlib.store.transaction import Tx


def config() -> Config:
    """Return Alembic's configuration for this folder."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def oldest_that_runs() -> str:
    """Return the oldest schema whose MXM runs on the newest one, too.

    A migration says `EXPANDS = True` if the code before it can work with what it makes: it only adds tables, indexes,
    and columns that may be left out.
    """
    newest_first = ScriptDirectory.from_config(config()).walk_revisions()
    return next(script.revision for script in newest_first if not getattr(script.module, "EXPANDS", False))


def upgrade(tx: Tx) -> None:
    """Upgrade the store behind `tx` to the newest version, inside its transaction."""
    settings = config()
    settings.attributes["connection"] = tx
    command.upgrade(settings, "head")
