"""A database of a newer schema: served where the newer MXM recorded that this one runs on it, too."""

import sqlite3
from contextlib import closing
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from alembic.script import ScriptDirectory

from mxlib.clock import SystemClock
from mxlib.store import Store, users
from mxlib.store.database import FILE, HEAD, SCHEMA_MIN
from mxlib.store.errors import StoreNotOpened
from mxlib.store.migrations import oldest_that_runs

pytestmark = pytest.mark.sqlite

NEXT = f"{int(HEAD) + 1:04}"


def opened(folder: Path) -> Store:
    return Store.open(folder / FILE, SystemClock())


def by_sqlite(folder: Path, *statements: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(folder / FILE)) as database, database:
        return [row for statement in statements for row in database.execute(statement).fetchall()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    opened(tmp_path).close()
    return tmp_path


def expanded(folder: Path, oldest: str) -> None:
    """Turn the database into one of the next release, which added a table and a column that may be left out."""
    by_sqlite(
        folder,
        "CREATE TABLE of_the_next_release (id INTEGER PRIMARY KEY)",
        "ALTER TABLE user ADD COLUMN of_the_next_release TEXT",
        f"UPDATE alembic_version SET version_num = '{NEXT}'",
        f"DELETE FROM meta WHERE name = '{SCHEMA_MIN}'",
        *([f"INSERT INTO meta (name, value) VALUES ('{SCHEMA_MIN}', '{oldest}')"] if oldest else []),
    )


def test_a_new_database_records_what_runs_on_it(folder: Path) -> None:
    found = by_sqlite(folder, f"SELECT value FROM meta WHERE name = '{SCHEMA_MIN}'")
    assert found == [(oldest_that_runs(),)]
    assert int(oldest_that_runs()) <= int(HEAD)


def test_a_database_of_the_next_schema_is_served_and_left_as_it_is_where_that_was_recorded(folder: Path) -> None:
    expanded(folder, oldest=HEAD)
    store = opened(folder)
    try:
        assert store.is_usable()
        with store.write() as tx:
            users.add(tx, name="kim", admin=True, permissions={}, by="a test", at=1.0)
            assert users.named(tx, "kim") is not None
    finally:
        store.close()
    assert by_sqlite(folder, "SELECT version_num FROM alembic_version") == [(NEXT,)]


@pytest.mark.parametrize("oldest", [NEXT, "", "none", "9" * 30])
def test_a_database_of_the_next_schema_is_refused_otherwise(folder: Path, oldest: str) -> None:
    expanded(folder, oldest)
    with pytest.raises(StoreNotOpened, match=f"of a newer MXM .schema {NEXT}; this one knows {HEAD}") as refused:
        opened(folder)
    assert refused.value.code == "DATABASE_NEWER"
    assert by_sqlite(folder, "SELECT version_num FROM alembic_version") == [(NEXT,)]


def test_a_server_is_no_longer_usable_once_a_migration_excludes_it(folder: Path) -> None:
    store = opened(folder)
    try:
        assert store.is_usable()
        expanded(folder, oldest=HEAD)
        assert store.is_usable()
        expanded_again = [f"UPDATE meta SET value = '{NEXT}' WHERE name = '{SCHEMA_MIN}'"]
        by_sqlite(folder, *expanded_again)
        assert not store.is_usable()
    finally:
        store.close()


def test_a_server_is_not_usable_on_a_database_of_an_earlier_schema(folder: Path) -> None:
    store = opened(folder)
    try:
        by_sqlite(folder, f"UPDATE alembic_version SET version_num = '{int(HEAD) - 1:04}'")
        assert not store.is_usable()
        by_sqlite(folder, "DROP TABLE alembic_version")
        assert not store.is_usable()
    finally:
        store.close()


@pytest.mark.parametrize(
    ("expanding", "oldest"), [((), "0003"), (("0003",), "0002"), (("0003", "0002"), "0001"), (("0002",), "0003")]
)
def test_only_migrations_that_expand_let_earlier_code_run(
    monkeypatch: pytest.MonkeyPatch, expanding: tuple[str, ...], oldest: str
) -> None:
    def migration(number: str) -> SimpleNamespace:
        module = ModuleType(number)
        if number in expanding:
            module.EXPANDS = True  # type: ignore[attr-defined]
        return SimpleNamespace(revision=number, module=module)

    newest_first = [migration(number) for number in ("0003", "0002", "0001")]
    monkeypatch.setattr(ScriptDirectory, "walk_revisions", lambda _self: iter(newest_first))
    assert oldest_that_runs() == oldest
