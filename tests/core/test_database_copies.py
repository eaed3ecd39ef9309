"""Texts about copies of an installation."""

from mxlib.core.text import database_copies


def test_a_copy_is_counted() -> None:
    said = database_copies.copied(2, 1_200, "SQLite", "PostgreSQL")
    assert said == "Copied 1,200 rows of 2 tables from SQLite to PostgreSQL, and compared each."


def test_a_refusal_names_what_it_is_about() -> None:
    assert "/data" in database_copies.nothing_there("/data")
    assert "table run" in database_copies.differs("run")
