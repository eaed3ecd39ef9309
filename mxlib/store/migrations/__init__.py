"""Migrations: upgrades of an older store to the present schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from mxlib.store.transaction import Tx


def config() -> Config:
    """Return Alembic's configuration for this folder."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(tx: Tx) -> None:
    """Upgrade the store behind `tx` to the newest version, inside its transaction."""
    settings = config()
    settings.attributes["connection"] = tx
    command.upgrade(settings, "head")
