"""Every column of the schema is decided: what of it names a person is handed out, and is gone after an erasure.

A new column has to be added here. One that can name a person has to be filled below, and erased.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mxlib.auth.permissions import LOCAL
from mxlib.clock import SystemClock
from mxlib.core.notes import Note, NoteCode
from mxlib.core.vocabulary import ERASED, AuditAction
from mxlib.store import FILE, Store, Tx, audit, audit_check, own_cells, person, person_erasure, run_notes, selections
from mxlib.store import tables as t
from mxlib.store.person_erasure import StillAUser

NINA, PRIVATE, NAME, IP = "nina.berg@a.nl", "nina.private@mail.example", "Nina van den Berg", "192.0.2.99"
WORDS = ("nina", "berg", IP)

#: Columns whose text can name a person, or has where they came from.
NAMING = {
    "attempt": "answer",
    "audit": "who on address outcome detail",
    "channel": "name place who",
    "client": "name key contacts notes created_by",
    "dated_deletion": "username who address",
    "draft": "operator begun_by",
    "event": "subject figures",
    "event_snooze": "subject who",
    "event_state": "subject",
    "first_seen": "username",
    "link": "username name recipient who words",
    "hand_over": "who",
    "handover_text": "who",
    "letterhead": "who",
    "mailbox_lock": "username who reason",
    "mailbox_name": "username name",
    "mailbox": "username",
    "manual_write": "who address asked recovery_email outcome",
    "mapping_answer": "answered_by",
    "meta": "value",
    "once": "caller",
    "outbox_mail": "recipient who words reference",
    "pending_sign_in": "address",
    "recovery_change": "username email",
    "recovery_email": "username email",
    "reset_answer": "username",
    "run": "operator file_name why note difference wish",
    "run_row": "username recovery_email name cells before reason detail differs",
    "saved_view": "who key name parameters",
    "self_service": "who",
    "session": "address agent before_from",
    "token": "name created_by",
    "user": "name subject created_by permissions last_sign_in_from",
}
#: Columns that hold data of a person without a name: figures and times, and what is sealed or hashed.
OF_A_PERSON = {
    "delivery": "sealed_message wrapped_key",
    "dated_deletion": "domain due_at asked_at before why figures",
    "event": "at rule code severity level domain way due_at notice",
    "event_snooze": "rule domain until at",
    "event_state": "rule domain level state at",
    "first_seen": "domain at",
    "link": "domain token_digest sealed_token wrapped_key",
    "mailbox": "domain",
    "mailbox_lock": "domain at",
    "mailbox_name": "domain set_at",
    "outbox_mail": "sealed_message wrapped_key",
    "pending_sign_in": "digest user began_at how passed",
    "recovery_code": "digest user",
    "recovery_change": "domain at is_due",
    "recovery_email": "domain set_at",
    "reset_answer": "domain at last_at times outcome link mail",
    "reset_request": "at address network sealed",
    "run_row": "sealed_password sealed_cells",
    "run": "sealed_notes",
    "selection": "sealed",
    "second_factor": "user sealed_secret enrolled_at last_step wrong wrong_at",
    "session": "digest user began_at seen_at before_at before_refused proved_at by_provider",
    "sign_in_refused": "name address at",
    "usage_daily": "day mailbox_id usage quota sent_max limit",
    "usage_trend": "mailbox_id day days growth sent_days usual_sent",
    "user": "password_hash admin password_set_at last_sign_in_at password_ends_at refused_since client_admin",
}
#: Personal columns that an erasure leaves, and names as what stays: docs/privacy.md says why.
STAYS = {
    "draft": "file_name domains sealed_file sealed_rows",
    "last_list": "content",
    "manual_write": "domain username name sealed_password wrapped_key",
}
#: Columns that hold nothing of a person, or nothing that leads to one after an erasure: numbers, times, kinds, hashes.
NOTHING = {
    "account_lease": "account owner epoch until lock",
    "attempt": "id run position kind sent_at heard_at",
    "audit": "id at kind what run version salt commitment erased link",
    "audit_block": "first last key mark",
    "audit_chain": "number key at why first before earlier mark",
    "audit_checkpoint": "first last until link key mark",
    "audit_head": "id last link mark",
    "background_task": "name next_at requested_at lease_owner lease_until attempts started_at finished_at "
    "failing_since code figures",
    "channel": "id kind is_enabled client routes created_at stopped_at sealed",
    "client": "id language default_quota max_quota max_mailboxes created_at self_service",
    "client_domain": "domain client position",
    "dated_deletion": "kind",
    "delivery": "id channel notice message_id events status queued_at next_at ended_at tries problem code mail "
    "lease_owner lease_until",
    "draft": "id rows changed_at version run",
    "event": "id",
    "handover_text": "client kind language subject body changed_at",
    "hand_over": "run position taken_at taken_as at way renewed_at",
    "last_list": "domain read_at",
    "link": "id run source purpose language created_at send_at valid_from expires_at mail mail_status mail_problem "
    "mail_code sent_at opened_at set_at ended_at end",
    "letterhead": "client agency help_address logo language changed_at",
    "mailbox": "id account gone_at",
    "manual_write": "id at kind action status settle_at passwords_until",
    "mapping_answer": "digest answer answered_at",
    "meta": "name",
    "notice": "id at rule severity",
    "once": "key digest at run",
    "outbox_mail": "id cause status message_id queued_at next_at ended_at tries problem code lease_owner lease_until",
    "outbox_try": "id at",
    "recovery_change": "id",
    "reset_answer": "id",
    "reset_request": "id",
    "run": "id status file_digest plan_digest idempotency_key retry_of kind undo_of domains total created_at "
    "started_at finished_at checked_at differences seen downloaded_at retention_days passwords_until "
    "handed_over_at planned_after why_code",
    "run_row": "run position line action domain generated quota limit verdict outcome tries unanswered host_quota "
    "host_limit proof code",
    "run_key": "run wrapped",
    "saved_view": "saved_at",
    "selection": "id at",
    "self_service": "domain at",
    "sign_in_refused": "id",
    "token": "id digest admin permissions created_at expires_at last_used_at revoked_at owner",
    "usage_domain_daily": "account domain day mailboxes usage usage_max quota sent full nearly_full near_send_limit",
    "user": "id created_at disabled_at",
}

_BLANK = {str: "", int: 1, float: 1.0, bool: False, bytes: b"x", object: {}}


def columns(decided: dict[str, str]) -> list[str]:
    return [f"{table}.{name}" for table, names in decided.items() for name in names.split()]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / FILE, SystemClock())
    yield opened
    opened.close()


def add(tx: Tx, table: sa.Table, **values: Any) -> None:
    """Add a row; what it needs besides is blank."""
    needed = (column for column in table.c if not column.nullable and column.server_default is None)
    blank = {column.key: _BLANK[column.type.python_type] for column in needed if column.key not in values}
    tx.execute(table.insert().values(blank | values))


def live_everywhere(store: Store) -> None:
    """Name the person in every column that can."""
    said = f"for {NINA}, as asked"
    with store.write() as tx:
        aside = {"usernames": ["nina.berg", "tess"], "at": 1.0, "first": {"nina.berg": 1.0}}
        add(tx, t.meta, name="before_empty_list:a.nl", value=json.dumps(aside))
        add(tx, t.recovery_email, domain="a.nl", username="nina.berg", email=PRIVATE)
        add(tx, t.recovery_email, domain="a.nl", username="tess", email=NINA)
        add(tx, t.recovery_change, domain="a.nl", username="nina.berg", email=PRIVATE)
        add(tx, t.recovery_change, id=2, domain="a.nl", username="tess", email=NINA)
        add(tx, t.reset_answer, domain="a.nl", username="nina.berg", outcome="mailed")
        add(tx, t.reset_request, address=store.key.mark(NINA), network=b"x", sealed=b"x")
        add(tx, t.self_service, domain="a.nl", who=NINA)
        add(tx, t.mailbox_name, domain="a.nl", username="nina.berg", name=NAME)
        add(tx, t.dated_deletion, domain="a.nl", username="nina.berg", who="boss")
        add(tx, t.dated_deletion, domain="a.nl", username="tess", who=NINA, address=IP)
        add(tx, t.mailbox_lock, domain="a.nl", username="nina.berg", who="boss", reason="left us")
        add(tx, t.mailbox_lock, domain="a.nl", username="tess", who=NINA, reason=said)
        add(tx, t.first_seen, domain="a.nl", username="nina.berg")
        for number, username in ((1, "nina.berg"), (2, "tess")):
            add(tx, t.mailbox, id=number, account="", domain="a.nl", username=username)
            add(tx, t.usage_daily, day=20_000, mailbox_id=number, usage=7)
            add(tx, t.usage_trend, mailbox_id=number)
        add(tx, t.event, id=1, rule="mailbox_storage", subject=NINA)
        add(tx, t.event, id=2, rule="admin_sign_in", subject=NINA, figures={"address": IP})
        add(tx, t.event, id=3, rule="token", subject=f"sync of {NINA} (token 1)")
        add(tx, t.event, id=4, rule="mailbox_storage", subject="tess@a.nl")
        add(tx, t.event_state, rule="mailbox_storage", subject=NINA)
        add(tx, t.event_snooze, rule="mailbox_storage", subject=NINA, who="boss")
        add(tx, t.event_snooze, rule="mailbox_storage", subject="tess@a.nl", who=NINA)
        rights = {"nina-and-berg.nl": ["view"]}
        add(tx, t.user, id=1, name="boss", admin=True)
        add(tx, t.user, id=2, name="tess", created_by=NINA, disabled_at=5.0)
        add(
            tx, t.user, id=3, name=NINA, password_hash="hash", subject="nina at provider", permissions=rights,
            created_by="boss", password_set_at=2.0, last_sign_in_at=3.0, disabled_at=4.0, password_ends_at=5.0,
            last_sign_in_from=IP, refused_since=6, admin=True,
        )  # fmt: skip
        add(tx, t.session, user=3, address=IP, agent="the phone of nina", before_from=IP)
        add(tx, t.pending_sign_in, user=3, address=IP)
        for table in (t.second_factor, t.recovery_code):
            add(tx, table, user=3)
        add(tx, t.sign_in_refused, name=store.key.mark(NINA), address=IP)
        add(tx, t.token, id=1, name=f"sync of {NINA}", created_by=NINA, owner=3, revoked_at=4.0)
        add(tx, t.once, caller=NINA)
        contacts = [
            {"name": NAME, "address": NINA, "language": ""},
            {"name": "Tess", "address": "t@a.nl", "language": ""},
        ]
        add(tx, t.client, id=1, name=f"Client of {NINA}", key=f"client of {NINA}", contacts=contacts, notes=said,
            created_by=NINA)  # fmt: skip
        add(tx, t.handover_text, who=NINA)
        add(tx, t.letterhead, who=NINA)
        add(tx, t.mapping_answer, answered_by=NINA)
        for number, (who, addresses) in enumerate(((NINA, ["tess@a.nl"]), ("boss", [NINA]), ("boss", ["tess@a.nl"]))):
            selections.put(tx, store.key, f"{number}", who, addresses, 1.0)
        add(tx, t.saved_view, who=NINA, key="full", name="Full")
        add(tx, t.saved_view, who="boss", key=NINA, name=NINA, parameters={"q": [NINA]})
        add(
            tx, t.channel, id=1, name=f"Mail to {NINA}", kind="mail", place=f"{NINA}, t@a.nl", who=NINA, routes={},
            is_enabled=True,
        )  # fmt: skip
        add(tx, t.channel, id=2, name="On call", kind="mail", place=NINA, who="boss", routes={}, is_enabled=True)
        add(tx, t.outbox_mail, id=1, recipient=NINA, who="boss", status="waiting", reference=f"link for {NINA}")
        add(tx, t.outbox_mail, id=2, recipient="t@a.nl", who=NINA, status="refused", words=f"550 not after {NINA}")
        add(
            tx, t.link, id=1, domain="a.nl", username="nina.berg", name=NAME, recipient=PRIVATE, who="boss", purpose="a"
        )
        add(tx, t.link, id=2, domain="a.nl", username="tess", recipient=NINA, who="boss", purpose="b")
        add(tx, t.link, id=3, domain="a.nl", username="tess", recipient="t@mail.example", who=NINA, words=said,
            purpose="c")  # fmt: skip
        add(tx, t.draft, id="d", operator=NINA, begun_by=NINA, sealed_file=store.key.seal(b"", "draft file d"),
            sealed_rows=store.key.seal(b"", "draft rows d"))  # fmt: skip
        texts = {"file_name": f"{NINA}.csv", "why": f"{NINA} pressed Pause.", "note": said, "difference": said}
        wish = {"wish": "pause", "by": NINA}
        add(tx, t.run, id=1, status="finished", operator=NINA, idempotency_key="k", wish=wish, **texts)
        title = run_notes.seal(store.key, [Note(NoteCode.ABOVE_HEADER, (said, 5), (1,))])
        add(tx, t.run, id=2, status="stopped", operator=f"sync of {NINA} (token 1)", sealed_notes=title)
        add(
            tx, t.run_row, run=1, position=0, domain="a.nl", username="nina.berg", recovery_email=PRIVATE, name=NAME,
            cells={"Manager": NAME}, before={"name": NAME}, words=NAME, detail={"name": NAME}, differs=NAME,
            sealed_password=b"x", sealed_cells=own_cells.seal(store.key, {"Phone": "nina"}, ""),
        )  # fmt: skip
        add(
            tx, t.run_row, run=2, position=0, domain="a.nl", username="tess", recovery_email=NINA,
            before={"recovery_email": NINA, "quota": 5, "found": {"recovery_email": NINA}}, words=said,
            detail={"has": NINA, "quota": 5}, differs=said,
            sealed_cells=own_cells.seal(store.key, {"Manager": said, "Room": "5"}, ""),
        )  # fmt: skip
        add(tx, t.attempt, run=1, position=0, answer=f"409 {NINA}")
        add(tx, t.hand_over, run=1, who=NINA)
        add(
            tx, t.manual_write, domain="a.nl", username="tess", status="kept", who=NINA, address=IP,
            asked={"detail": said}, recovery_email=NINA, outcome=said,
        )  # fmt: skip
        audit.record(tx, audit.Actor(NINA, address=IP), AuditAction.SIGN_IN, at=1.0, on=NINA, outcome="by password")
        audit.record(tx, audit.Actor("boss"), AuditAction.NAME_SET, at=1.0, on=NINA, detail={"name": NAME})
        audit.record(tx, audit.Actor(f"sync of {NINA} (token 1)"), AuditAction.EXPORT, at=1.0, on="a.nl", outcome=said)
        audit.record(tx, audit.Actor("boss"), AuditAction.RECOVERY_SET, at=1.0, on="tess@a.nl", detail={"to": [NINA]})


def naming(store: Store) -> set[str]:
    """Return the columns with a text that leads to the person."""
    found = set()
    with store.read() as tx:
        for table in t.metadata.sorted_tables:
            for row in tx.exec_driver_sql(f'SELECT * FROM "{table.name}"').mappings():
                for name, value in row.items():
                    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    if any(word in text.lower() for word in WORDS):
                        found.add(f"{table.name}.{name}")
    return found


def test_every_column_is_decided_once() -> None:
    decided = [name for kind in (NAMING, OF_A_PERSON, STAYS, NOTHING) for name in columns(kind)]
    assert sorted(decided) == sorted(
        f"{table.name}.{column.name}" for table in t.metadata.sorted_tables for column in table.c
    )


def test_nothing_leads_to_a_person_who_was_erased(store: Store) -> None:
    live_everywhere(store)
    expected = {*columns(NAMING), "sign_in_refused.address"}
    assert naming(store) == expected
    done = person_erasure.erase(store, NINA, LOCAL)
    assert naming(store) == set()
    assert (done.rows, done.user, done.stays) == (2, True, ())
    assert audit_check.verify(store).broken is None


def test_sign_in_data_goes_and_the_user_stays_disabled_without_any(store: Store) -> None:
    live_everywhere(store)
    person_erasure.erase(store, NINA, LOCAL)
    with store.read() as tx:
        left = tx.execute(sa.select(t.user).where(t.user.c.id == 3)).one()._asdict()
        for table in (
            t.session, t.pending_sign_in, t.second_factor, t.recovery_code, t.sign_in_refused, t.reset_request,
        ):  # fmt: skip
            assert tx.execute(sa.select(table)).all() == []
    assert left == {
        "id": 3, "name": f"{ERASED} 3", "password_hash": None, "subject": None, "admin": False, "permissions": {},
        "created_by": "boss", "created_at": 1.0, "password_set_at": None, "last_sign_in_at": None, "disabled_at": 4.0,
        "password_ends_at": None, "last_sign_in_from": "", "refused_since": 0, "client_admin": [],
    }  # fmt: skip


def test_figures_of_days_go_with_the_mailbox_and_those_of_others_stay(store: Store) -> None:
    live_everywhere(store)
    assert [each["usage"] for each in person.held(store, NINA)["mailbox"]["use_by_day"]] == [7]
    person_erasure.erase(store, NINA, LOCAL)
    with store.read() as tx:
        left = [list(tx.execute(sa.select(column)).scalars()) for column in
                (t.mailbox.c.id, t.usage_daily.c.mailbox_id, t.usage_trend.c.mailbox_id)]  # fmt: skip
    assert left == [[2], [2], [2]]


def test_selections_of_a_person_and_with_their_mailbox_go(store: Store) -> None:
    live_everywhere(store)
    person_erasure.erase(store, NINA, LOCAL)
    with store.read() as tx:
        assert list(tx.execute(sa.select(t.selection.c.id)).scalars()) == ["2"]


def test_events_about_a_person_go_and_those_of_others_stay(store: Store) -> None:
    live_everywhere(store)
    assert [each["kind"] for each in person.held(store, NINA)["events"]] == [
        "event",
        "event",
        "event",
        "state",
        "snooze",
    ]
    person_erasure.erase(store, NINA, LOCAL)
    with store.read() as tx:
        assert list(tx.execute(sa.select(t.event.c.subject)).scalars()) == ["tess@a.nl"]
        assert list(tx.execute(sa.select(t.event_snooze.c.who)).scalars()) == [f"{ERASED} 3"]
        assert tx.execute(sa.select(t.event_state)).all() == []


def test_a_channel_goes_on_without_the_person_and_is_disabled_without_anyone(store: Store) -> None:
    live_everywhere(store)
    assert [each["place"] for each in person.held(store, NINA)["channels"]] == [f"{NINA}, t@a.nl", NINA]
    person_erasure.erase(store, NINA, LOCAL)
    with store.read() as tx:
        left = [
            tuple(row)
            for row in tx.execute(sa.select(t.channel.c.place, t.channel.c.is_enabled).order_by(t.channel.c.id))
        ]
    assert left == [("t@a.nl", True), ("", False)]


def test_the_rows_of_others_lose_only_what_names_the_person(store: Store) -> None:
    live_everywhere(store)
    person_erasure.erase(store, NINA, LOCAL)
    with store.read() as tx:
        row = tx.execute(sa.select(t.run_row).where(t.run_row.c.run == 2)).one()
        sealed = tx.scalar(sa.select(t.run.c.sealed_notes).where(t.run.c.id == 2))
        operators = list(tx.execute(sa.select(t.run.c.operator).order_by(t.run.c.id)).scalars())
        aside = json.loads(tx.execute(sa.select(t.meta.c.value).where(t.meta.c.name.like("before%"))).scalar_one())
    assert run_notes.unseal(store.key, sealed) == (Note(NoteCode.ABOVE_HEADER, (ERASED, 5), (1,)),)
    assert (row.username, row.recovery_email) == ("tess", "")
    assert row.before == {"recovery_email": "", "quota": 5, "found": {"recovery_email": ""}}
    assert row.detail == {"has": ERASED, "quota": 5}
    assert own_cells.unseal(store.key, row.sealed_cells) == {"Manager": ERASED, "Room": "5"}
    assert operators == [f"{ERASED} 3", f"{ERASED} (token 1)"]
    assert aside == {"usernames": ["tess"], "at": 1.0, "first": {}}


def test_a_client_loses_only_what_names_the_person(store: Store) -> None:
    live_everywhere(store)
    person_erasure.erase(store, NINA, LOCAL)
    with store.read() as tx:
        left = tx.execute(sa.select(t.client)).one()
    assert left.contacts == [{"name": "Tess", "address": "t@a.nl", "language": ""}]
    assert (left.name, left.key, left.notes) == (f"{ERASED} 1", f"{ERASED} 1", ERASED)


def test_everything_that_names_the_person_is_handed_out(store: Store) -> None:
    live_everywhere(store)
    held = json.loads(json.dumps(person.held(store, NINA)))
    assert [(row["run"], row["mailbox"]) for row in held["rows_of_runs"]] == [(1, NINA), (2, "tess@a.nl")]
    assert held["rows_of_runs"][1]["own_columns"]["Manager"] == f"for {NINA}, as asked"
    assert held["user"]["last_sign_in_from"] == IP
    assert len(held["user"]["column_choices"]) == 1
    assert [view["name"] for view in held["user"]["saved_views"]] == ["Full"]
    assert [view["who"] for view in held["views_that_name"]] == ["boss"]
    assert [each["shown_at"] for each in held["selections"]] == [1.0, 1.0]
    assert held["runs_that_name"] == [1, 2]
    assert held["mailbox"]["locked"]["reason"] == "left us"
    assert held["mailbox"]["deletion"]["who"] == "boss"
    assert [each["outcome"] for each in held["mailbox"]["resets_asked"]] == ["mailed"]
    assert [each["email"] for each in held["mailbox"]["recovery_emails_until_lately"]] == [PRIVATE]
    assert held["recovery_email_until_lately_of"] == ["tess@a.nl"]
    for part in (
        "writes_by_hand",
        "drafts",
        "locks_that_name",
        "clients_that_name",
        "tokens_that_name",
        "sign_ins_refused",
    ):
        assert len(held[part]) == 1, part
    assert len(held["audit_entries"]) == 4
    assert [mail["recipient"] for mail in held["mails"]] == [NINA, "t@a.nl"]
    assert [each["recipient"] for each in held["links"]] == [PRIVATE, NINA, "t@mail.example"]
    assert person.is_known(held)
    person_erasure.erase(store, NINA, LOCAL)
    assert not person.is_known(person.held(store, NINA))


def test_an_active_user_is_not_erased_even_when_enabled_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check is repeated in each transaction."""
    live_everywhere(store)
    search = person_erasure.person_search.rows

    def enabled_meanwhile(*given: Any) -> Any:
        with store.write() as tx:
            tx.execute(t.user.update().where(t.user.c.id == 3).values(disabled_at=None))
        return search(*given)

    monkeypatch.setattr(person_erasure.person_search, "rows", enabled_meanwhile)
    with pytest.raises(StillAUser, match="may still sign in"):
        person_erasure.erase(store, NINA, LOCAL)
    assert naming(store) == {*columns(NAMING), "sign_in_refused.address"}
    with pytest.raises(StillAUser):
        person_erasure.erase(store, NINA, LOCAL)


def test_an_entry_made_while_the_log_is_searched_is_erased_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    live_everywhere(store)
    search = person_erasure.person_search.rows

    def exported_meanwhile(*given: Any) -> Any:
        with store.write() as tx:
            audit.record(tx, audit.Actor("boss"), AuditAction.PERSON_EXPORT, at=1.0, on=NINA)
        return search(*given)

    monkeypatch.setattr(person_erasure.person_search, "rows", exported_meanwhile)
    person_erasure.erase(store, NINA, LOCAL)
    assert naming(store) == set()
