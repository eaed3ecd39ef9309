"""Answers of the store that are kept while nothing is committed to it."""

import sqlite3
from pathlib import Path

import pytest

from mxlib.clock import SystemClock
from mxlib.store import FILE, Store, Tx, users
from mxlib.store.change_counter import ChangeCounter
from mxlib.store.remembered import Remembered


class Question:
    """Asks whether a user exists, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, tx: Tx, name: str) -> bool:
        self.asked += 1
        return users.named(tx, name) is not None


def add(store: Store, name: str) -> None:
    with store.write() as tx:
        users.add(tx, name=name, admin=False, permissions={}, by="kim", at=0.0)


def test_an_answer_is_kept_until_something_is_committed(tmp_path: Path) -> None:
    store, question = Store.open(tmp_path / FILE, SystemClock()), Question()
    remembered = Remembered(store, question)
    assert [remembered.of("nina"), remembered.of("nina"), remembered.of("omar")] == [False, False, False]
    assert question.asked == 2
    add(store, "nina")
    assert [remembered.of("nina"), remembered.of("nina")] == [True, True]
    assert question.asked == 3
    store.close()


def test_a_commit_of_another_process_is_seen_at_once(tmp_path: Path) -> None:
    store, other = (Store.open(tmp_path / FILE, SystemClock()) for _ in range(2))
    remembered = Remembered(store, Question())
    assert not remembered.of("nina")
    add(other, "nina")
    assert remembered.of("nina")
    with sqlite3.connect(tmp_path / FILE) as foreign:
        foreign.execute("DELETE FROM user")
    foreign.close()
    assert not remembered.of("nina")
    other.close()
    store.close()


def test_what_is_committed_while_it_is_asked_makes_the_answer_old(tmp_path: Path) -> None:
    store = Store.open(tmp_path / FILE, SystemClock())

    def ask(tx: Tx, name: str) -> bool:
        found = users.named(tx, name) is not None
        if not found:
            add(store, name)
        return found

    remembered = Remembered(store, ask)
    assert [remembered.of("nina"), remembered.of("nina")] == [False, True]
    store.close()


def test_what_is_not_committed_is_no_answer(tmp_path: Path) -> None:
    store = Store.open(tmp_path / FILE, SystemClock())
    remembered = Remembered(store, Question())
    with store.write() as tx:
        users.add(tx, name="nina", admin=False, permissions={}, by="kim", at=0.0)
        assert not remembered.of("nina")
    assert remembered.of("nina")
    store.close()


def test_without_a_number_each_question_is_asked() -> None:
    store, question = Store.open(":memory:", SystemClock()), Question()
    remembered = Remembered(store, question)
    assert [remembered.of("nina"), remembered.of("nina")] == [False, False]
    assert question.asked == 2
    assert store.version() is None


def test_a_closed_or_missing_database_has_no_number(tmp_path: Path) -> None:
    assert ChangeCounter(tmp_path / "missing.sqlite3").value() is None
    assert not (tmp_path / "missing.sqlite3").exists()
    store = Store.open(tmp_path / FILE, SystemClock())
    assert store.version() is not None
    store.close()
    assert store.version() is None


def test_a_connection_that_is_opened_again_repeats_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, question = Store.open(tmp_path / FILE, SystemClock()), Question()
    remembered, counter = Remembered(store, question), ChangeCounter(tmp_path / FILE)
    monkeypatch.setattr(store, "version", counter.value)
    assert not remembered.of("nina")
    assert counter._connection is not None
    counter._connection.close()
    assert counter.value() is None
    add(store, "nina")  # what a new connection counts begins again, and may be the same
    assert remembered.of("nina")
    store.close()


def test_answers_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxlib.store.remembered._MOST", 2)
    store, question = Store.open(tmp_path / FILE, SystemClock()), Question()
    remembered = Remembered(store, question)
    for name in ("a", "b", "c", "c", "a"):
        assert not remembered.of(name)
    assert question.asked == 4
    store.close()
