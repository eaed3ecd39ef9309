"""The audit log as users read it: permissions, filters, pages, files and retention."""

import csv
import io
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mxlib import web
from mxlib.auth.permissions import EVERY_DOMAIN, LOCAL, Caller, Permission
from mxlib.clock import SystemClock
from mxlib.core.files import writer
from mxlib.core.vocabulary import AuditAction
from mxlib.services import audit_log
from mxlib.services.audit_log import AuditFilter, AuditLog
from mxlib.services.housekeeping import Housekeeping
from mxlib.settings import Settings
from mxlib.store import Store, audit, idempotency
from mxlib.store.audit import Actor, AuditScope, Entry
from mxlib.store.tables import audit as table
from mxlib.store.tables import run as runs
from tests.support.app import App, opened
from tests.support.threaded_runs import live_through

VIEW = frozenset({Permission.VIEW})


class SetClock(SystemClock):
    """A clock that stands still until it is set."""

    at = 1_800_000_000.0

    def now(self) -> float:
        return self.at


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def store(clock: SetClock) -> Iterator[Store]:
    opened = Store.open(":memory:", clock)
    yield opened
    opened.close()


@pytest.fixture
def trail(store: Store, clock: SetClock) -> AuditLog:
    return AuditLog(store, clock)


def did(
    store: Store, what: str, on: str, *, who: str = "ops1", at: float | None = None, run: int | None = None,
    outcome: str = "",
) -> None:  # fmt: skip
    with store.write() as tx:
        at = store.clock.now() if at is None else at
        audit.record(tx, Actor(who), AuditAction(what), at=at, on=on, run=run, outcome=outcome)


def a_run(store: Store, *domains: str, by: str = "ops1") -> int:
    with store.write() as tx:
        inserted = tx.execute(
            runs.insert().values(
                status="finished", operator=by, file_name="", file_digest="", plan_digest="", domains=list(domains),
                total=0, created_at=0.0, retention_days=7,
            )
        )  # fmt: skip
    return int((inserted.inserted_primary_key or (0,))[0])


def subjects(trail: AuditLog, caller: Caller, wanted: AuditFilter | None = None) -> list[str]:
    return [entry.on for entry in trail.entries(caller, wanted or AuditFilter()).entries]


def test_people_of_a_client_read_only_their_own_runs(store: Store, trail: AuditLog) -> None:
    theirs, own = a_run(store, "a.nl", by="boss"), a_run(store, "a.nl", by="anna")
    did(store, "run.start", "", who="boss", run=theirs, outcome="2 rows of Client B lawsuit.xlsx")
    did(store, "run.finished", "", who="boss", run=theirs)
    did(store, "run.start", "", who="anna", run=own)
    did(store, "run.pause", "", who="boss", run=own)
    did(store, "mailbox.create", "nina@a.nl", who="boss")
    anna = Caller("anna", domains={"a.nl": VIEW}, external=True)
    assert subjects(trail, anna) == ["nina@a.nl", f"run {own}", f"run {own}"]
    assert trail.count(anna, AuditFilter(what="run"), most=10) == 2
    assert len(subjects(trail, replace(anna, external=False))) == 5


def test_an_admin_reads_everything_newest_first(store: Store, trail: AuditLog) -> None:
    did(store, "mailbox.create", "nina@a.nl")
    did(store, "user.add", "ops9")
    assert subjects(trail, LOCAL) == ["ops9", "nina@a.nl"]


def test_viewers_read_the_entries_of_their_domains(store: Store, trail: AuditLog) -> None:
    for what, on in (
        ("mailbox.create", "nina@a.nl"), ("recovery.set", "nina@a.nl"), ("export", "a.nl"), ("export", "b.nl"),
        ("mailbox.delete", "nina@b.nl"), ("mailbox.create", "nina@aa.nl"),
    ):  # fmt: skip
        did(store, what, on)
    caller = Caller("ops2", domains={"a.nl": VIEW, "b.nl": frozenset({Permission.DELETE})})
    assert subjects(trail, caller) == ["a.nl", "nina@a.nl", "nina@a.nl"]


def test_every_user_reads_their_own_entries(store: Store, trail: AuditLog) -> None:
    did(store, "mailbox.create", "nina@a.nl", who="ops2")
    did(store, "sign_in", "ops2", who="ops2")
    did(store, "sign_in", "ops1")
    assert subjects(trail, Caller("ops2")) == ["ops2", "nina@a.nl"]


def test_a_user_named_like_a_mailbox_of_a_domain_is_hidden_from_its_viewers(store: Store, trail: AuditLog) -> None:
    did(store, "sign_in", "boss@a.nl", who="boss@a.nl")
    did(store, "user.change", "boss@a.nl")
    assert subjects(trail, Caller("ops2", domains={"a.nl": VIEW})) == []


def test_a_run_is_visible_to_viewers_of_all_its_domains(store: Store, trail: AuditLog) -> None:
    one, both, none = a_run(store, "a.nl"), a_run(store, "a.nl", "b.nl"), a_run(store)
    for run in (one, both, none):
        did(store, "run.start", f"run {run}", run=run)
    assert subjects(trail, Caller("ops2", domains={"a.nl": VIEW})) == [f"run {one}"]
    assert subjects(trail, Caller("ops2", domains={"a.nl": VIEW, "b.nl": VIEW})) == [f"run {both}", f"run {one}"]


def test_a_viewer_of_every_domain_reads_of_mailboxes_and_runs_but_not_of_users(store: Store, trail: AuditLog) -> None:
    did(store, "mailbox.create", "nina@a.nl")
    did(store, "run.start", "run 7", run=None)
    did(store, "token.create", "nightly (token 1)")
    assert subjects(trail, Caller("ops2", domains={EVERY_DOMAIN: VIEW})) == ["run 7", "nina@a.nl"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AuditFilter(address="NINA"), ["nina@a.nl", "Nina.B@a.nl"]),
        (AuditFilter(address="a_nl"), []),
        (AuditFilter(who="ps2"), ["tess@a.nl"]),
        (AuditFilter(what="mailbox.create"), ["nina@a.nl"]),
        (AuditFilter(what="mailbox"), ["tess@a.nl", "nina@a.nl", "Nina.B@a.nl"]),
        (AuditFilter(what="mail"), []),
        (AuditFilter(run=3), ["run 3"]),
        (AuditFilter(since=1_799_999_000.0, until=1_800_000_000.0), ["Nina.B@a.nl"]),
    ],
)
def test_the_audit_log_is_filtered(store: Store, trail: AuditLog, wanted: AuditFilter, found: list[str]) -> None:
    did(store, "mailbox.update", "Nina.B@a.nl", at=1_799_999_500.0)
    did(store, "mailbox.create", "nina@a.nl")
    did(store, "mailbox.delete", "tess@a.nl", who="Ops2")
    did(store, "run.start", "run 3", run=3)
    assert subjects(trail, LOCAL, wanted) == found


def test_it_is_read_page_by_page_without_a_gap(store: Store, trail: AuditLog) -> None:
    for number in range(7):
        did(store, "mailbox.create", f"m{number}@a.nl")
    first = trail.entries(LOCAL, AuditFilter(), most=3)
    second = trail.entries(LOCAL, AuditFilter(), before=first.older, most=3)
    third = trail.entries(LOCAL, AuditFilter(), before=second.older, most=3)
    assert [entry.on for page in (first, second, third) for entry in page.entries] == [
        f"m{number}@a.nl" for number in reversed(range(7))
    ]
    assert third.older is None


def test_the_csv_in_pieces_has_every_entry_once(store: Store, trail: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "CHUNK", many := 200)
    with store.write() as tx:
        for number in range(many + 2):
            audit.record(tx, Actor("ops1"), AuditAction.MAILBOX_CREATE, at=1.0, on=f"m{number}@a.nl")
    pieces = list(trail.csv(LOCAL, AuditFilter()).pieces)
    assert len(pieces) > 2
    rows = list(csv.DictReader(io.StringIO(b"".join(pieces).decode("utf-8-sig"))))
    assert [row["on"] for row in rows] == [f"m{number}@a.nl" for number in reversed(range(many + 2))]
    assert rows[0]["time"] == "1970-01-01T00:00:01.000Z"


def test_no_cell_of_the_csv_is_a_formula_to_a_spreadsheet(store: Store, trail: AuditLog) -> None:
    did(store, "draft.take_over", '=HYPERLINK("http://x")', who="@ops")
    rows = list(csv.reader(io.StringIO(b"".join(trail.csv(LOCAL, AuditFilter()).pieces).decode("utf-8-sig"))))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "@", "+", "-"))]


def test_the_jsonl_has_one_whole_object_a_line(store: Store, trail: AuditLog) -> None:
    did(store, "run.start", "run 3", run=3, outcome="2 rows of\nstaff.csv")
    did(store, "sign_in", "ops1")
    lines = b"".join(trail.jsonl(LOCAL, AuditFilter()).pieces).decode().splitlines()
    objects = [json.loads(line) for line in lines]
    assert [(entry["what"], entry["run"]) for entry in objects] == [("sign_in", None), ("run.start", 3)]
    assert objects[1]["outcome"] == "2 rows of\nstaff.csv"


AWKWARD = (
    "", "plain", 'a "quoted" one', "a,b", "a;b", "a|b", "two\nlines", "cr\rlf\n", "\ttab", "end\t", " blank", "blank ",
    "=1+1", "+1", "-1", "@ops", "\uff1d1", "\uff20x", "#no remark", "nul\x00in", "\x00", "\x1f", "\x1cend\x1c", "\x0b",
    "\U0001f600 smile", "é", "naïve", "\u2028", "\xa0x", "x\u3000", "back\\slash", "\x7f", "</script>", "'", "x" * 300,
    "quota 1024 → 2048; recovery email set", "kept: holds 12 MB",
)  # fmt: skip
TIMES = (
    0.0, 1.0, 0.0005, 0.9999996, 0.9994999, 59.9999995, -1.5, -0.0004, 951_782_399.999, 1_709_164_800.0,
    1_800_000_000.123456, 4_102_444_799.9999, -62_000_000_000.25, 253_402_300_799.5,
)  # fmt: skip

FACTS: tuple[dict[str, object], ...] = ({"quota": 2048}, {"from": 'é "x" \U0001f600', "counts": {"created": 1}}, {})


def by_one(entries: list[Entry]) -> tuple[bytes, bytes]:
    """Both files, written entry by entry."""
    header = ("time", "who", "kind", "what", "on", "from", "run", "outcome")
    rows = [
        (
            datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            entry.who, entry.kind, entry.what, entry.on, entry.address,
            "" if entry.run is None else str(entry.run), entry.outcome,
        )
        for entry in entries
    ]  # fmt: skip
    objects = (
        {"id": entry.id} | dict(zip(header, row, strict=True)) | {"run": entry.run, "detail": entry.detail}
        for entry, row in zip(entries, rows, strict=True)
    )
    lines = (json.dumps(each, ensure_ascii=False) + "\n" for each in objects)
    return writer.table_csv(header, rows), "".join(lines).encode()


@pytest.mark.parametrize("chunk", [7, 20_000])
@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (LOCAL, None),
        (Caller("plain", domains={"a.nl": VIEW}), AuditScope("plain", ["a.nl"])),
        (Caller("plain", domains={EVERY_DOMAIN: VIEW}), AuditScope("plain", None)),
    ],
    ids=["admin", "of one domain", "of every domain"],
)
def test_the_files_equal_those_written_entry_by_entry(
    store: Store, trail: AuditLog, monkeypatch: pytest.MonkeyPatch, chunk: int, caller: Caller, seen: AuditScope | None
) -> None:
    drawn = random.Random(7)
    with store.write() as tx:
        for number in range(400):
            label = drawn.choice(AWKWARD) if number % 3 else "plain"
            on = drawn.choice((*AWKWARD, "nina@a.nl", "tess@b.nl", f"m{number}@a.nl", "é@a.nl", "a.nl"))
            entry = table.insert().values(  # as another version may have written it
                id=number + 1, at=drawn.choice((*TIMES, 1_790_000_000 + drawn.random() * 1e6)),
                who=drawn.choice(("plain", label)),
                kind="operator", what=drawn.choice(("mailbox.update", "mailbox.create", "run.start", label)), on=on,
                address=drawn.choice(("", "127.0.0.1", label)), run=drawn.choice((None, 3, 3, 12345, -1)),
                outcome=label, detail=drawn.choice((None, None, *FACTS)),
            )  # fmt: skip
            tx.execute(entry)
    monkeypatch.setattr(audit_log, "CHUNK", chunk)
    for at, take in enumerate((trail.csv, trail.jsonl)):
        with store.read() as tx:
            found = audit.find(tx, AuditFilter(), seen, most=1_000)
        mine = (caller.name, caller.kind)
        entries = [
            entry if caller.admin or (entry.who, entry.kind) == mine else replace(entry, address="") for entry in found
        ]
        assert len(entries) > 100
        assert b"".join(take(caller, AuditFilter()).pieces) == by_one(entries)[at]


def test_losing_permission_during_a_download_ends_it(
    store: Store, trail: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        did(store, "mailbox.create", f"m{number}@a.nl")
    monkeypatch.setattr(audit_log, "CHUNK", 2)
    rights = [Caller("ops2", domains={"a.nl": VIEW}), Caller("ops2")]
    monkeypatch.setattr(audit_log, "current", lambda _caller: rights.pop(0))
    pieces = trail.jsonl(rights[0], AuditFilter()).pieces
    assert b"m3@a.nl" in next(pieces)
    assert list(pieces) == []


def test_a_download_of_the_audit_log_is_recorded_with_its_filter(store: Store, trail: AuditLog) -> None:
    did(store, "mailbox.create", "nina@a.nl")
    assert b"audit.download" not in b"".join(trail.csv(LOCAL, AuditFilter(address="nina")).pieces)
    entry = trail.entries(LOCAL, AuditFilter(what="audit")).entries[0]
    assert (entry.who, entry.outcome) == (LOCAL.name, "1 entry as CSV (address nina)")


def test_a_download_holds_only_what_its_caller_may_read(store: Store, trail: AuditLog) -> None:
    did(store, "mailbox.create", "nina@a.nl")
    did(store, "mailbox.create", "nina@b.nl")
    content = b"".join(trail.jsonl(Caller("ops2", domains={"a.nl": VIEW}), AuditFilter()).pieces)
    assert b"nina@a.nl" in content
    assert b"b.nl" not in content


def test_entries_are_deleted_after_the_retention_and_not_before(store: Store, clock: SetClock) -> None:
    keeping = Housekeeping(Settings(audit_days=10), store, clock)
    did(store, "mailbox.create", "old@a.nl")
    live_through(store, 9)
    did(store, "mailbox.create", "new@a.nl")
    assert keeping.tidy() == 0
    live_through(store, 2)
    assert keeping.tidy() == 1
    assert subjects(AuditLog(store, clock), LOCAL) == ["new@a.nl"]


def test_idempotency_keys_are_deleted_after_a_month(store: Store, clock: SetClock) -> None:
    keeping = Housekeeping(Settings(), store, clock)
    with store.write() as tx:
        idempotency.claim(tx, "ops1", "k", b"d", clock.now())
    for days, kept in ((29, True), (2, False)):
        live_through(store, days)
        keeping.tidy()
        with store.read() as tx:
            assert (idempotency.find(tx, "ops1", "k") is not None) is kept


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened(tmp_path, audit_days=30) as app:
        yield app


def test_the_files_have_their_own_routes_and_are_not_cached(app: App) -> None:
    client = TestClient(Starlette(routes=web.routes), base_url="http://127.0.0.1")
    answer = client.get("/audit.csv", params={"what": "token", "since": "2020-01-01"})
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    assert "token.create" in answer.text
    assert "token.create" not in client.get("/audit.jsonl", params={"until": "2020-01-01T00:00:00Z"}).text


@pytest.mark.parametrize("query", ["run=x", "run=99999999999999999999", "since=yesterday", "until=2026-13-01"])
def test_an_invalid_query_is_refused_with_its_parameter(app: App, query: str) -> None:
    client = TestClient(Starlette(routes=web.routes), base_url="http://127.0.0.1")
    answer = client.get(f"/audit.csv?{query}")
    assert answer.status_code == 400
    assert answer.text.startswith(query.split("=")[0])
