"""The audit log proves itself: whatever something else does to it by SQL is found, and where."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mxlib import cli
from mxlib.core.audit_verification import Break, BreakKind, Verification
from mxlib.core.text import audit_texts
from mxlib.core.vocabulary import ERASED, AuditAction
from mxlib.store import FILE, Store, audit, audit_chain, audit_check
from mxlib.store.audit import Actor
from mxlib.store.tables import run as runs
from tests.support.threaded_runs import ShiftedClock

#: Entries of the store below: of an earlier release, with hashes, and what of them retention and erasure took.
EARLIER, LAST = 7, 24
OLD, NEW = 100.0, 1_000.0
BLOCK = 3

TRIGGERS = ("audit_only_grows", "audit_is_never_changed", "audit_forgets_only_what_is_old")


def connection(store: Store) -> sqlite3.Connection:
    raw: Any = store._engine.raw_connection().driver_connection
    return raw


def add(store: Store, count: int = 1, *, at: float = NEW, run: int | None = None) -> None:
    with store.write() as tx:
        for number in range(count):
            audit.record(
                tx, Actor(f"ops{number % 3}", address="192.0.2.7"), AuditAction.MAILBOX_CREATE, at=at,
                on=f"nina{number}@a.nl", run=run, outcome="made", detail={"code": "x"} if number % 2 else None,
            )  # fmt: skip


def forget(store: Store, before: float) -> int:
    with store.write() as tx:
        return audit.forget(tx, before)[0]


def an_open_run(store: Store) -> int:
    with store.write() as tx:
        values = {"status": "paused", "operator": "ops", "file_name": "", "file_digest": "", "plan_digest": ""}
        inserted = tx.execute(runs.insert().values(**values, domains=[], total=0, created_at=0.0, retention_days=7))
    return int((inserted.inserted_primary_key or (0,))[0])


def as_of_an_earlier_release(store: Store, entries: int) -> None:
    raw = connection(store)
    raw.execute("DROP TRIGGER audit_only_grows")
    raw.execute("DELETE FROM audit_chain")
    raw.execute("DELETE FROM audit_head")
    for number in range(entries):
        raw.execute(
            'INSERT INTO audit (at, who, kind, what, "on", address, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)',
            (OLD, "ops", "operator", "export", f"domain{number}.nl", "192.0.2.1", ""),
        )
    with store.write() as tx:
        audit_chain.begin(tx, OLD)


@pytest.fixture(scope="module")
def whole() -> Iterator[tuple[Store, bytes]]:
    """Yield a store in memory whose log has blocks, two gaps of retention, an erasure, and no triggers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit_chain, "BLOCK", BLOCK)
        store = Store.open(":memory:", ShiftedClock(), "key")
        as_of_an_earlier_release(store, EARLIER)
    add(store, 4, at=OLD)  # 8 to 11
    kept = an_open_run(store)
    add(store, 2, at=OLD, run=kept)  # 12 and 13 stay
    add(store, 3, at=OLD)  # 14 to 16
    add(store, LAST - 16)
    with store.write() as tx:
        audit_chain.drop(tx, [2, *range(8, 12), *range(14, 17)], NEW)
        audit_chain.erase(tx, [3, 20, 22], ["on", "outcome", "detail"])
    raw = connection(store)
    for trigger in TRIGGERS:
        raw.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    yield store, raw.serialize()
    store.close()


@pytest.fixture
def broken(whole: tuple[Store, bytes]) -> Callable[..., Verification]:
    """Return a function that changes the log by SQL and verifies it."""
    store, as_it_was = whole

    def change(*statements: str) -> Verification:
        raw = connection(store)
        raw.deserialize(as_it_was)
        for statement in statements:
            raw.execute(statement)
        return audit_check.verify(store)

    return change


def test_a_log_with_blocks_gaps_and_erasures_holds(broken: Callable[..., Verification]) -> None:
    found = broken()
    assert found.broken is None
    assert (found.earlier, found.erased, found.chains, found.checkpoints) == (EARLIER - 1, 2, 1, 2)
    assert (found.entries, found.last) == (EARLIER - 1 + 2 + LAST - 16, LAST)
    assert found.unverified == ()


def values(stored: Any) -> list[str]:
    """Return other values than the stored one, as SQL."""
    if isinstance(stored, bytes):
        return ["NULL", "x'00'", "zeroblob(32)", "'other'"]
    if isinstance(stored, str):
        others = ("", ERASED, f"{stored}x")
        return ["NULL", "7.25", *(repr(other) for other in others if other != stored)]
    return ["1", "'other'", "zeroblob(16)"] if stored is None else ["NULL", f"{stored} + 1", "'other'", "7.25"]


def cells(whole: tuple[Store, bytes], table: str) -> list[tuple[int, str, Any]]:
    """Return row id, column and value of every cell of a table."""
    raw = connection(whole[0])
    raw.deserialize(whole[1])
    rows = raw.execute(f"SELECT rowid, * FROM {table}")
    names = [column[0] for column in rows.description]
    return [(row[0], name, cell) for row in rows.fetchall() for name, cell in zip(names[1:], row[1:], strict=True)]


def test_the_command_line_verifies(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("MXM_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MXM_SECRET_KEY", "key")
    add(store, 3)
    assert cli.main(["audit", "verify"]) == 0
    out = capsys.readouterr().out
    assert "The audit log holds: 3 entries in 1 chain." in out
    assert f"Newest entry: 3, hash {audit_check.verify(store).link}" in out
    with store.write() as tx:
        tx.exec_driver_sql("DROP TRIGGER audit_is_never_changed")
        tx.exec_driver_sql("UPDATE audit SET at = 5 WHERE id = 2")
    assert cli.main(["audit", "verify"]) == 1
    assert "The audit log is broken. Entry 2 was changed" in capsys.readouterr().out


def test_every_break_has_its_sentence() -> None:
    for kind in BreakKind:
        for found in (Break(kind, 5), Break(kind, 5, 1_000)):
            assert "5" in audit_texts.broken(found)
        assert audit_texts.what_to_do(kind)


def test_any_change_of_any_field_of_an_entry_is_found_at_the_entry(
    whole: tuple[Store, bytes], broken: Callable[..., Verification]
) -> None:
    tried = 0
    for number, column, stored in cells(whole, "audit"):
        for value in values(stored):
            try:
                found = broken(f'UPDATE audit SET "{column}" = {value} WHERE rowid = {number}').broken
            except sqlite3.IntegrityError:  # NOT NULL, or the number of another entry
                continue
            tried += 1
            assert found, (number, column, value)
            if number <= EARLIER:
                assert found.kind in (BreakKind.BLOCK, BreakKind.INSERTED), (number, column, value)
            elif column != "id":
                assert found.entry == number, (number, column, value, found)
    assert tried > 800


@pytest.mark.parametrize("table", ["audit_chain", "audit_head", "audit_checkpoint", "audit_block"])
def test_any_change_of_what_signs_the_log_is_found(
    whole: tuple[Store, bytes], broken: Callable[..., Verification], table: str
) -> None:
    for number, column, stored in cells(whole, table):
        for value in values(stored):
            if table == "audit_head" and column == "id":
                continue  # another number for its only row changes nothing
            try:
                found = broken(f"UPDATE {table} SET {column} = {value} WHERE rowid = {number}").broken
            except sqlite3.IntegrityError:
                continue
            assert found, (number, column, value)
    for number in {row for row, _, _ in cells(whole, table)} - {2 if table == "audit_checkpoint" else 0}:
        # Without entry 2 that range is signed by its block.
        assert broken(f"DELETE FROM {table} WHERE rowid = {number}").broken, number


def test_every_deleted_entry_is_found(whole: tuple[Store, bytes], broken: Callable[..., Verification]) -> None:
    for number in sorted({row for row, _, _ in cells(whole, "audit")}):
        found = broken(f"DELETE FROM audit WHERE id = {number}").broken
        assert found, number
        if number <= EARLIER:
            assert found.kind is BreakKind.BLOCK
            assert found.entry <= number <= found.last
        else:
            assert found == Break(BreakKind.TAIL if number == LAST else BreakKind.MISSING, number, number)


def test_a_cut_off_end_is_found_wherever_it_is_cut(broken: Callable[..., Verification]) -> None:
    for number in range(EARLIER + 1, LAST):
        found = broken(f"DELETE FROM audit WHERE id > {number}").broken
        assert found
        assert (found.kind, found.last) == (BreakKind.TAIL, LAST)
    assert broken("DELETE FROM audit").broken


def test_a_second_entry_or_another_order_is_found(broken: Callable[..., Verification]) -> None:
    columns = 'at, who, kind, what, "on", address, run, outcome, detail, version, salt, commitment, erased, link'
    copy = f"INSERT INTO audit (id, {columns}) SELECT {{}}, {columns} FROM audit WHERE id = {{}}"
    for number, kind in (
        (2, BreakKind.BLOCK), (9, BreakKind.INSERTED), (15, BreakKind.INSERTED), (LAST + 1, BreakKind.CHANGED)
    ):  # fmt: skip
        found = broken(copy.format(number, 21)).broken
        assert found
        assert found.kind is kind
    for first, second in ((17, 18), (12, 23), (4, 5)):
        found = broken(
            f"UPDATE audit SET id = 1000 WHERE id = {first}",
            f"UPDATE audit SET id = {first} WHERE id = {second}",
            f"UPDATE audit SET id = {second} WHERE id = 1000",
        ).broken
        assert found
        assert found.entry == first


def test_entries_cannot_be_dropped_nor_erased_by_a_forged_signature(broken: Callable[..., Verification]) -> None:
    key = "(SELECT key FROM audit_chain)"
    found = broken(
        f"INSERT INTO audit_checkpoint SELECT 17, 20, 2000.0, link, {key}, zeroblob(32) FROM audit WHERE id = 20",
        "DELETE FROM audit WHERE id BETWEEN 17 AND 20",
    ).broken
    assert found == Break(BreakKind.CHECKPOINT, 17, 20)
    found = broken(
        "INSERT INTO audit_checkpoint SELECT 17, 20, 2000.0, link, zeroblob(8), zeroblob(32) FROM audit WHERE id = 20",
        "DELETE FROM audit WHERE id BETWEEN 17 AND 20",
    ).broken
    assert found == Break(BreakKind.CHECKPOINT, 17, 20)
    erased = "UPDATE audit SET \"on\" = '(erased)', salt = NULL, commitment = zeroblob(32), erased = zeroblob(32)"
    assert broken(f"{erased} WHERE id = 18").broken == Break(BreakKind.ERASURE, 18)


def test_an_entry_of_another_course_of_the_same_log_is_found(
    whole: tuple[Store, bytes], broken: Callable[..., Verification]
) -> None:
    """An older copy that went on by itself has entries that are sound, and belong elsewhere."""
    store = whole[0]
    broken()
    add(store)
    theirs = connection(store).execute("SELECT * FROM audit WHERE id = ?", (LAST + 1,)).fetchone()
    broken()
    add(store, 2)
    raw = connection(store)
    raw.execute("DELETE FROM audit WHERE id = ?", (LAST + 1,))
    raw.execute(f"INSERT INTO audit VALUES ({', '.join('?' * len(theirs))})", theirs)
    assert audit_check.verify(store).broken == Break(BreakKind.CHANGED, LAST + 2)


def test_mxm_goes_on_after_a_cut_off_end_and_the_break_stays_found(
    whole: tuple[Store, bytes], broken: Callable[..., Verification]
) -> None:
    store = whole[0]
    for change in ("DELETE FROM audit WHERE id > 21", "DELETE FROM audit_head", "UPDATE audit_head SET last = 22"):
        broken(change)
        add(store, 3)
        assert audit_check.verify(store).broken, change
    broken("DELETE FROM audit WHERE id > 21", "DELETE FROM audit_head")
    add(store, 3)
    assert audit_check.verify(store).broken == Break(BreakKind.RESTARTED, 22)
    with store.read() as tx:
        told = audit.find(tx, audit.AuditFilter(what=AuditAction.AUDIT_NEW_CHAIN))
    assert [entry.id for entry in told] == [22]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / FILE, ShiftedClock(), "key")
    yield opened
    opened.close()


def again(store: Store, path: Path, secret: str) -> Store:
    store.close()
    return Store.open(path / FILE, ShiftedClock(), secret)


def test_another_server_key_begins_an_audited_chain(store: Store, tmp_path: Path) -> None:
    add(store, 3)
    second = again(store, tmp_path, "another key")
    assert audit_check.verify(second).broken == Break(BreakKind.OTHER_KEY, 1)
    add(second, 2)
    found = audit_check.verify(second)
    assert found.broken is None
    assert (found.chains, found.entries) == (2, 3)
    assert [(span.entries, span.first, span.last) for span in found.unverified] == [(3, 1, 3)]
    with second.read() as tx:
        entry = audit.find(tx, audit.AuditFilter(what=AuditAction.AUDIT_NEW_CHAIN))[0]
    assert (entry.id, entry.who, entry.on) == (4, "MXM", "audit log")
    assert "entries up to 3" in entry.outcome
    for change in ("DELETE FROM audit WHERE id = 3", "UPDATE audit SET link = zeroblob(32) WHERE id = 3"):
        raw = sqlite3.connect(tmp_path / FILE, isolation_level=None)
        for trigger in TRIGGERS:
            raw.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        raw.execute("CREATE TEMP TABLE whole AS SELECT * FROM audit")
        raw.execute(change)
        assert audit_check.verify(second).broken
        raw.execute("DELETE FROM audit")
        raw.execute("INSERT INTO audit SELECT * FROM whole")
        raw.close()
    third = again(second, tmp_path, "key")
    add(third)
    found = audit_check.verify(third)
    assert found.broken is None
    assert (found.chains, found.entries, len(found.unverified)) == (3, 5, 1)
    third.close()


def test_an_unchanged_key_begins_no_chain(store: Store, tmp_path: Path) -> None:
    add(store)
    second = again(store, tmp_path, "key")
    with second.write() as tx:
        assert not audit_chain.continue_under(tx, NEW)
    add(second)
    assert audit_check.verify(second).chains == 1
    second.close()


def test_retention_in_steps_merges_its_checkpoints(store: Store) -> None:
    add(store, 40, at=OLD)
    add(store, 2)
    with store.write() as tx:
        after: int | None = 0
        while after is not None:
            _, after = audit.forget(tx, NEW, after=after, most=7)
    found = audit_check.verify(store)
    assert found.broken is None
    assert (found.entries, found.checkpoints) == (2, 1)
    assert forget(store, NEW + 1) == 2
    found = audit_check.verify(store)
    assert (found.broken, found.entries, found.last) == (None, 0, 42)
    add(store)
    assert audit_check.verify(store).entries == 1


def test_a_deleted_entry_stays_found_after_retention(store: Store) -> None:
    add(store, 9, at=OLD)
    add(store)
    with store.write() as tx:
        tx.exec_driver_sql("DROP TRIGGER audit_forgets_only_what_is_old")
        tx.exec_driver_sql("DELETE FROM audit WHERE id = 5")
    assert forget(store, NEW) == 8
    assert audit_check.verify(store).broken == Break(BreakKind.MISSING, 5, 5)


def test_verification_reads_in_batches_while_others_write(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    add(store, 20, at=OLD)
    add(store, 5)
    monkeypatch.setattr(audit_check, "_BATCH", 4)
    step, done = audit_check._Walk._step, []

    def with_others(walk: audit_check._Walk) -> bool:
        more = step(walk)
        if not done:
            done.append(forget(store, NEW))
            add(store, 3)
        return more

    monkeypatch.setattr(audit_check._Walk, "_step", with_others)
    found = audit_check.verify(store)
    assert (found.broken, found.last) == (None, 28)
    assert done == [20]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'nobody'",
        "UPDATE audit SET \"on\" = '(erased)'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE id = 2",
        'REPLACE INTO audit (id, at, who, kind, what, "on", address, outcome) VALUES (1, 0, 1, 1, 1, 1, 1, 1)',
        'INSERT INTO audit (at, who, kind, what, "on", address, outcome) VALUES (0, 1, 1, 1, 1, 1, 1)',
        'INSERT INTO audit (id, at, who, kind, what, "on", address, outcome) VALUES (1, 0, 1, 1, 1, 1, 1, 1) '
        "ON CONFLICT DO UPDATE SET who = 'nobody'",
    ],
)
def test_sql_without_more_is_refused(store: Store, statement: str) -> None:
    add(store, 2)
    with store.write() as tx:
        tx.exec_driver_sql("INSERT OR REPLACE INTO meta VALUES ('audit_kept_since', '9e9')")
    with pytest.raises(sa.exc.IntegrityError, match="the audit log"), store.write() as tx:
        tx.exec_driver_sql(statement)
    assert audit_check.verify(store).entries == 2


def test_erasure_leaves_the_chain_and_nothing_to_test_guesses_against(store: Store) -> None:
    add(store, 3)
    with store.write() as tx:
        assert audit_chain.erase(tx, [2], ["on", "outcome", "detail"]) == 1
        assert audit_chain.erase(tx, [2], ["on", "outcome", "detail"]) == 0
        assert audit_chain.erase(tx, [2], ["who", "address"]) == 1
    found = audit_check.verify(store)
    assert (found.broken, found.entries, found.erased) == (None, 3, 1)
    with store.read() as tx:
        entry = audit.find(tx, audit.AuditFilter())[1]
        assert tx.exec_driver_sql("SELECT salt FROM audit WHERE id = 2").scalar() is None
    erased = ERASED
    assert (entry.who, entry.on, entry.address, entry.outcome, entry.detail) == (erased, erased, erased, erased, None)


def test_a_forged_field_stays_found_after_the_erasure_of_others(store: Store) -> None:
    add(store, 3)
    with store.write() as tx:
        audit_chain.erase(tx, [1], ["on"])
        tx.exec_driver_sql("DROP TRIGGER audit_is_never_changed")
        tx.exec_driver_sql("UPDATE audit SET who = 'ops9' WHERE id = 1")
        tx.exec_driver_sql("UPDATE audit SET who = 'ops9' WHERE id = 2")
        audit_chain.erase(tx, [1, 2], ["outcome"])
    assert audit_check.verify(store).broken == Break(BreakKind.ERASURE, 1)
