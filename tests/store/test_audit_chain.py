"""The audit log proves itself: whatever something else does to it by SQL is found, and where."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mxlib import cli
from mxlib.core.audit_verification import Break, BreakKind, Verification
from mxlib.core.text import audit_texts, store_problems
from mxlib.core.vocabulary import ERASED, AuditAction
from mxlib.store import FILE, Store, audit, audit_acceptance, audit_chain, audit_check
from mxlib.store.audit import Actor
from mxlib.store.audit_acceptance import AuditChanged
from mxlib.store.tables import run as runs
from tests.support.threaded_runs import ShiftedClock

pytestmark = pytest.mark.sqlite

#: Entries of the store below: of an earlier release, with hashes, and what of them retention and erasure took.
EARLIER, LAST = 7, 24
OLD, NEW = 100.0, 1_000.0
BLOCK = 3

TRIGGERS = ("audit_only_grows", "audit_is_never_changed", "audit_forgets_only_what_is_old")


def connection(store: Store) -> sqlite3.Connection:
    raw: Any = store.database.pool.raw_connection().driver_connection
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
        audit_chain.begin(tx, OLD, may_be_first=True)


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
    assert "The audit log is intact: 3 entries in 1 chain." in out
    assert f"Newest entry: 3, hash {audit_check.verify(store).link}" in out
    with store.write() as tx:
        tx.exec_driver_sql("DROP TRIGGER audit_is_never_changed")
        tx.exec_driver_sql("UPDATE audit SET at = 5 WHERE id = 2")
    assert cli.main(["audit", "verify"]) == 1
    assert "The audit log is broken. Entry 2 was changed" in capsys.readouterr().out


def test_every_break_has_its_sentence() -> None:
    one = {BreakKind.CHECKPOINT, BreakKind.CHAIN, BreakKind.RESTARTED, BreakKind.HEAD, BreakKind.OTHER_KEY}
    for kind in BreakKind:
        assert re.search(r"\b7,005\b", audit_texts.broken(Break(kind, 7_005)))
        last = re.search(r"\b7,005 to 9,000\b", audit_texts.broken(Break(kind, 7_005, 9_000)))
        assert bool(last) is (kind not in one), kind
        assert ("audit accept" in audit_texts.what_to_do(kind)) is (kind is not BreakKind.OTHER_KEY)


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
    tried = 0
    for number, column, stored in cells(whole, table):
        for value in values(stored):
            if table == "audit_head" and column == "id":
                continue  # another number for its only row changes nothing
            try:
                found = broken(f"UPDATE {table} SET {column} = {value} WHERE rowid = {number}").broken
            except sqlite3.IntegrityError:
                continue
            tried += 1
            assert found, (number, column, value)
    assert tried >= 9
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
        found = broken(f"DELETE FROM audit WHERE id > {number}").breaks[-1]
        assert (found.kind, found.last) == (BreakKind.TAIL, LAST)
    assert broken("DELETE FROM audit").broken


COLUMNS = 'at, who, kind, what, "on", address, run, outcome, detail, version, salt, commitment, erased, link'
COPY = f"INSERT INTO audit (id, {COLUMNS}) SELECT {{}}, {COLUMNS} FROM audit WHERE id = {{}}"


def test_a_second_entry_or_another_order_is_found(broken: Callable[..., Verification]) -> None:
    for number, kind in (
        (2, BreakKind.BLOCK), (9, BreakKind.INSERTED), (15, BreakKind.INSERTED), (LAST + 1, BreakKind.CHANGED)
    ):  # fmt: skip
        found = broken(COPY.format(number, 21)).broken
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
    missing = (Break(BreakKind.CHECKPOINT, 17), Break(BreakKind.MISSING, 17, 20))
    found = broken(
        f"INSERT INTO audit_checkpoint SELECT 17, 20, 2000.0, link, {key}, zeroblob(32) FROM audit WHERE id = 20",
        "DELETE FROM audit WHERE id BETWEEN 17 AND 20",
    ).breaks
    assert found == missing
    found = broken(
        "INSERT INTO audit_checkpoint SELECT 17, 20, 2000.0, link, zeroblob(8), zeroblob(32) FROM audit WHERE id = 20",
        "DELETE FROM audit WHERE id BETWEEN 17 AND 20",
    ).breaks
    assert found == missing
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
        entries = audit.find(tx, audit.AuditFilter(what=AuditAction.AUDIT_NEW_CHAIN))
    assert [entry.id for entry in entries] == [22]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / FILE, ShiftedClock(), "key")
    yield opened
    opened.close()


def again(store: Store, path: Path, secret: str) -> Store:
    store.close()
    return Store.open(path / FILE, ShiftedClock(), secret, any_key=True)


def test_another_server_key_begins_an_audited_chain(store: Store, tmp_path: Path) -> None:
    add(store, 3)
    second = again(store, tmp_path, "another key")
    assert audit_check.verify(second).broken == Break(BreakKind.OTHER_KEY, 1)
    add(second, 2)
    found = audit_check.verify(second)
    assert found.broken is None
    assert not found.intact
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
        assert audit_check.verify(second).broken is None
    second.close()


def nothing_of_the_proof(store: Store, *more: str) -> None:
    raw = connection(store)
    for trigger in TRIGGERS:
        raw.execute(f"DROP TRIGGER {trigger}")
    for table in ("audit_chain", "audit_head", "audit_block", "audit_checkpoint"):
        raw.execute(f"DELETE FROM {table}")
    for statement in more:
        raw.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'nobody', version = NULL, salt = NULL, commitment = NULL, erased = NULL, link = NULL",
        "DELETE FROM audit WHERE id = 2",
        "DELETE FROM audit",
    ],
)
def test_a_log_whose_proof_was_deleted_does_not_begin_as_a_first_one(
    store: Store, tmp_path: Path, statement: str
) -> None:
    add(store, 3)
    an_open_run(store)
    nothing_of_the_proof(store, statement)
    second = again(store, tmp_path, "key")
    found = audit_check.verify(second)
    assert [each.kind for each in found.breaks] == [BreakKind.RESTARTED]
    with second.read() as tx:
        assert len(audit.find(tx, audit.AuditFilter(what=AuditAction.AUDIT_NEW_CHAIN))) == 1
    second.close()


def test_a_first_start_that_was_killed_before_its_chain_began_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "_begin_audit_chain", killed)
        with pytest.raises(KeyboardInterrupt):
            Store.open(tmp_path / FILE, ShiftedClock(), "key")
    second = Store.open(tmp_path / FILE, ShiftedClock(), "key")
    assert audit_check.verify(second) == Verification(chains=1, link=audit_check.verify(second).link)
    add(second)
    assert audit_check.verify(second).intact
    second.close()


FORGED = (
    "INSERT INTO audit_chain SELECT 2, zeroblob(8), at, 'key', 3, zeroblob(32), NULL, zeroblob(32) FROM audit_chain"
)


def test_a_forged_chain_of_another_key_hides_no_change(store: Store, tmp_path: Path) -> None:
    add(store, 5)
    raw = connection(store)
    raw.execute("DROP TRIGGER audit_is_never_changed")
    raw.execute(FORGED)
    raw.execute("UPDATE audit SET who = 'nobody' WHERE id = 4")
    second = again(store, tmp_path, "key")
    with second.write() as tx:
        audit_chain.continue_under(tx, NEW)
    found = audit_check.verify(second)
    assert found.broken == Break(BreakKind.FOREIGN, 3, 5)
    assert [(span.first, span.last) for span in found.unverified] == [(3, 5)]
    accept(second)
    assert audit_check.verify(second).intact
    raw.close()
    raw = connection(second)
    raw.execute("UPDATE audit SET who = 'ops0' WHERE id = 4")
    assert audit_check.verify(second).broken == Break(BreakKind.ACCEPTED, 3, 5)
    second.close()


def test_the_command_line_fails_until_entries_of_another_key_are_accepted(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    add(store, 3)
    second = again(store, tmp_path, "another key")
    monkeypatch.setenv("MXM_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MXM_SECRET_KEY", "another key")
    for command in (["token", "create", "nightly", "--admin"], ["token", "list"], ["audit", "verify"]):
        assert cli.main(command) == 2
        assert capsys.readouterr().err == f"{store_problems.OTHER_KEY}\n"
    assert cli.main(["key", "accept"]) == 0
    capsys.readouterr()
    assert cli.main(["audit", "verify"]) == 1
    out = capsys.readouterr().out
    assert "Not all of the audit log can be verified. 3 entries from 1 to 3" in out
    monkeypatch.setattr("builtins.input", lambda _: "no")
    assert cli.main(["audit", "accept"]) == 2
    assert cli.main(["audit", "verify"]) == 1
    assert cli.main(["audit", "accept", "--yes"]) == 0
    capsys.readouterr()
    assert cli.main(["audit", "verify"]) == 0
    out = capsys.readouterr().out
    assert "The audit log is intact but for what an admin accepted: " in out
    assert "Entries 1 to 3: not as MXM wrote them, accepted by an admin on 20" in out
    assert cli.main(["audit", "accept"]) == 0
    assert "Nothing is there to accept" in capsys.readouterr().out
    assert cli.main(["token", "create", "nightly", "--admin"]) == 0
    second.close()


def accept(store: Store) -> None:
    found = audit_check.verify(store)
    with store.write() as tx:
        audit_acceptance.accept(tx, Actor("boss"), found, NEW)


def test_every_break_is_reported(broken: Callable[..., Verification]) -> None:
    numbers = (5, 12, 17, 19, 20, 23)
    found = broken(*(f"UPDATE audit SET at = 5 WHERE id = {number}" for number in numbers))
    changed = BreakKind.CHANGED
    assert found.breaks == (
        Break(BreakKind.BLOCK, 4, 6), Break(changed, 12), Break(changed, 17), Break(changed, 19, 20), Break(changed, 23)
    )  # fmt: skip
    assert found.entries == EARLIER - 1 + 2 + LAST - 16 - 3 - 5
    lines = audit_texts.problems(found)
    assert lines[0].startswith("The audit log is broken. One of entries 4 to 6")
    assert "Entries 19 to 20 were changed, or are in other places." in lines


def test_a_result_lists_a_bounded_number_of_breaks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_check, "_MOST", 12)
    add(store, 41)
    with store.write() as tx:
        tx.exec_driver_sql("DROP TRIGGER audit_is_never_changed")
        tx.exec_driver_sql("UPDATE audit SET who = 'nobody' WHERE id % 2")
    found = audit_check.verify(store)
    assert (len(found.breaks), found.more) == (12, 9)
    assert "There are 11 more breaks." in audit_texts.problems(found)
    found = audit_check.accept(store, Actor("boss"), found)
    assert (len(found.breaks), found.more, found.intact) == (9, 0, False)
    assert audit_check.accept(store, Actor("boss"), found).intact


ENTRY = "UPDATE audit SET who = 'nobody' WHERE id = {}"

UNREADABLE = (
    "DELETE FROM audit_chain",
    "UPDATE audit_chain SET first = 1000000",
    "UPDATE audit_chain SET at = 'soon'",
)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'nobody' WHERE id = 18",
        "UPDATE audit SET who = 'nobody', link = zeroblob(32) WHERE id = 18",
        "UPDATE audit SET who = 'nobody' WHERE id = 5",
        "UPDATE audit SET version = NULL, salt = NULL, link = NULL WHERE id = 18",
        "UPDATE audit SET outcome = 'another' WHERE id = 20",
        "DELETE FROM audit WHERE id = 18",
        "DELETE FROM audit WHERE id IN (4, 5, 6)",
        "DELETE FROM audit WHERE id > 21",
        "DELETE FROM audit",
        COPY.format(9, 18),
        COPY.format(25, 18),
        "DELETE FROM audit_checkpoint",
        "UPDATE audit_checkpoint SET last = 18 WHERE last = 16",
        "UPDATE audit_checkpoint SET last = 1000000 WHERE last = 16",
        "DELETE FROM audit_block",
        "UPDATE audit_block SET last = 1000000 WHERE first = 1",
        "UPDATE audit_block SET last = 0 WHERE first = 4",
        "DELETE FROM audit_chain",
        "UPDATE audit_chain SET number = 7",
        "UPDATE audit_chain SET mark = zeroblob(32)",
        "UPDATE audit_chain SET first = 1000000",
        "UPDATE audit_chain SET first = 12",
        "UPDATE audit_chain SET earlier = NULL",
        "UPDATE audit_chain SET at = 'soon'",
        "UPDATE audit_chain SET key = zeroblob(8)",
        f"{FORGED}",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET last = 22",
    ],
)
def test_what_an_admin_accepted_is_a_remark_and_what_changes_later_is_a_break(
    whole: tuple[Store, bytes], broken: Callable[..., Verification], statement: str
) -> None:
    store = whole[0]
    assert not broken(statement).intact
    with store.write() as tx:
        audit_chain.continue_under(tx, NEW)  # as the server does in each round
    accept(store)
    if statement in UNREADABLE:  # the entries of that chain are found once another one began
        assert audit_check.verify(store).broken == Break(BreakKind.INSERTED, 1, LAST)
        accept(store)
    found = audit_check.verify(store)
    assert found.intact, found
    assert found.accepted
    assert any("accepted by an admin on 1970-01-01" in line for line in audit_texts.verification(found))
    with store.read() as tx:
        assert audit.count(tx, audit.AuditFilter(what=AuditAction.AUDIT_ACCEPT)) >= 1
    add(store, 2)
    assert audit_check.verify(store).intact
    raw = connection(store)
    as_it_is = raw.serialize()
    for (number,) in raw.execute("SELECT id FROM audit").fetchall():
        for change in (
            f"UPDATE audit SET outcome = 'other' WHERE id = {number}",
            f"DELETE FROM audit WHERE id = {number}",
        ):
            raw.execute(change)
            assert not audit_check.verify(store).intact, change
            raw.deserialize(as_it_is)
    with store.write() as tx:
        numbers = list(tx.execute(sa.text("SELECT id FROM audit ORDER BY id")).scalars())
        audit_chain.erase(tx, numbers[:-1], ["who", "outcome"])
        audit_chain.drop(tx, numbers[:-3], NEW + 1)
    assert audit_check.verify(store).intact


def forged_checkpoint(first: int, last: int) -> str:
    return (
        f"INSERT INTO audit_checkpoint SELECT {first}, {last}, 2000.0, zeroblob(32), "
        "(SELECT key FROM audit_chain), zeroblob(32)"
    )


def test_an_accepted_checkpoint_hides_no_entry_that_is_missing(
    whole: tuple[Store, bytes], broken: Callable[..., Verification]
) -> None:
    """A forged checkpoint over the whole log was one break, and its acceptance was one of every entry."""
    store = whole[0]
    missing = "DELETE FROM audit WHERE id IN (18, 21)"
    assert broken(forged_checkpoint(17, 1_000), missing, ENTRY.format(24)).breaks == (
        Break(BreakKind.CHECKPOINT, 17),
        Break(BreakKind.MISSING, 18, 18),
        Break(BreakKind.MISSING, 21, 21),
        Break(BreakKind.CHANGED, 24),
    )
    broken(forged_checkpoint(17, 1_000))
    accept(store)
    found = audit_check.verify(store)
    assert [(it.first, it.last) for it in found.accepted] == [(17, 17)]
    connection(store).execute("DELETE FROM audit WHERE id IN (20, 21, 23)")
    assert audit_check.verify(store).breaks == (
        Break(BreakKind.MISSING, 20, 21),
        Break(BreakKind.MISSING, 23, 23),
    )


SEEN_AND_CHANGED = [
    ("another entry", [ENTRY.format(18)], ENTRY.format(23), Break(BreakKind.CHANGED, 23)),
    ("an entry missing", [ENTRY.format(18)], "DELETE FROM audit WHERE id = 22", Break(BreakKind.MISSING, 22, 22)),
    ("the end cut off", [ENTRY.format(18)], "DELETE FROM audit WHERE id > 21", Break(BreakKind.TAIL, 22, 24)),
    (
        "another block, beyond which a forged one ends",
        ["UPDATE audit_block SET last = 6 WHERE first = 1"],
        ENTRY.format(7),
        Break(BreakKind.BLOCK, 1, 7),
    ),
]


@pytest.mark.parametrize(
    ("first", "then", "found"), [each[1:] for each in SEEN_AND_CHANGED], ids=[each[0] for each in SEEN_AND_CHANGED]
)
def test_only_what_the_admin_saw_is_accepted(
    whole: tuple[Store, bytes], broken: Callable[..., Verification], first: list[str], then: str, found: Break
) -> None:
    store = whole[0]
    seen = broken(*first)
    connection(store).execute(then)
    with pytest.raises(AuditChanged):
        audit_check.accept(store, Actor("boss"), seen)
    after = audit_check.verify(store)
    assert found in after.breaks
    assert not after.accepted
    with store.read() as tx:
        known = audit_check.latest(tx, store.key.audit)
    assert known
    assert known[1].shows_the_same(after)
    audit_check.accept(store, Actor("boss"), after)
    assert audit_check.verify(store).intact


AT_THE_LAST_MOMENT = [
    ("a block next to a forged one", ["UPDATE audit_block SET last = 6 WHERE first = 1"], [ENTRY.format(7)]),
    ("a block before a forged one", ["UPDATE audit_block SET last = 20 WHERE first = 7"], [ENTRY.format(5)]),
    ("an entry that a forged block covers", ["UPDATE audit_block SET last = 20 WHERE first = 7"], [ENTRY.format(18)]),
    ("another entry", [ENTRY.format(18)], [ENTRY.format(22)]),
    ("the end", [ENTRY.format(18)], ["DELETE FROM audit WHERE id > 22"]),
    ("the end and its record", [ENTRY.format(18)], ["DELETE FROM audit WHERE id > 22", "DELETE FROM audit_head"]),
    ("the record of the end", [ENTRY.format(18)], ["DELETE FROM audit_head"]),
]


@pytest.mark.parametrize(
    ("first", "then"), [each[1:] for each in AT_THE_LAST_MOMENT], ids=[each[0] for each in AT_THE_LAST_MOMENT]
)
def test_a_change_between_the_last_check_and_the_signatures_is_found(
    whole: tuple[Store, bytes], broken: Callable[..., Verification], first: list[str], then: list[str]
) -> None:
    store = whole[0]
    seen = broken(*first)
    raw = connection(store)
    for statement in then:
        raw.execute(statement)
    with suppress(AuditChanged), store.write() as tx:
        audit_acceptance.accept(tx, Actor("boss"), seen, NEW)
    assert not audit_check.verify(store).intact


def test_a_change_of_what_was_accepted_before_is_not_signed_again_with_a_break_next_to_it(
    whole: tuple[Store, bytes], broken: Callable[..., Verification]
) -> None:
    store, raw = whole[0], connection(whole[0])
    broken(ENTRY.format(18))
    accept(store)
    raw.execute("DELETE FROM audit WHERE id = 17")
    seen = audit_check.verify(store)
    assert seen.breaks == (Break(BreakKind.MISSING, 17, 17),)
    raw.execute("UPDATE audit SET who = 'ops9' WHERE id = 18")
    with pytest.raises(AuditChanged), store.write() as tx:
        audit_acceptance.accept(tx, Actor("boss"), seen, NEW)
    found = audit_check.verify(store)
    assert {each.kind for each in found.breaks} >= {BreakKind.MISSING, BreakKind.ACCEPTED}
    audit_check.accept(store, Actor("boss"), found)
    assert audit_check.verify(store).intact


def test_breaks_that_are_not_listed_do_not_count_as_intact() -> None:
    found = Verification(entries=3, more=2)
    assert not found.intact
    assert audit_texts.problems(found)[0] == "The audit log is broken. There are 2 more breaks."


def test_a_forged_block_reads_a_bounded_number_of_entries(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "BLOCK", 3)
    add(store, 40)
    read = []
    fetch = audit_chain._fetch

    def counted(tx: Any, query: str, *parameters: int) -> list[tuple[Any, ...]]:
        rows = fetch(tx, query, *parameters)
        read.append(len(rows))
        return rows

    monkeypatch.setattr(audit_chain, "_fetch", counted)
    with store.read() as tx:
        assert not audit_chain.block_holds(tx, store.key.audit, 1, 1_000_000, bytes(32))
    assert read == [4]


def test_an_acceptance_that_the_server_did_not_make_does_not_count(store: Store) -> None:
    add(store, 9)
    with store.write() as tx:
        tx.exec_driver_sql("DROP TRIGGER audit_is_never_changed")
        tx.exec_driver_sql(ENTRY.format(3))
    accept(store)
    assert audit_check.verify(store).intact
    with store.write() as tx:
        tx.exec_driver_sql(
            "UPDATE meta SET value = replace(value, '\"last\": 3', '\"last\": 8') WHERE name = 'audit_accepted'"
        )
    assert audit_check.verify(store).broken == Break(BreakKind.CHANGED, 3)
    for value in ("", "7", "[7]", "[{}]"):
        with store.write() as tx:
            tx.exec_driver_sql("UPDATE meta SET value = ? WHERE name = 'audit_accepted'", (value,))
        assert audit_check.verify(store).broken == Break(BreakKind.CHANGED, 3)


def test_an_unchanged_key_begins_no_chain(store: Store, tmp_path: Path) -> None:
    add(store)
    second = again(store, tmp_path, "key")
    with second.write() as tx:
        audit_chain.continue_under(tx, NEW)
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
        audit_chain.erase(tx, [2], ["on", "outcome", "detail"])
        audit_chain.erase(tx, [2], ["on", "outcome", "detail"])
        audit_chain.erase(tx, [2], ["who", "address"])
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
