"""NUL characters, which files and requests may hold and PostgreSQL refuses, on both databases."""

from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa

from mxlib.clock import SystemClock
from mxlib.core.vocabulary import AuditAction
from mxlib.store import Store, audit, audit_check, storable_text
from mxlib.store.audit import Actor, AuditFilter
from mxlib.store.driver_sql import execute
from mxlib.store.functions import each_value, texts
from mxlib.store.tables import dated_deletion, last_list, meta
from mxlib.store.upsert import put_fact


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(Store.open(":memory:", SystemClock())) as opened:
        yield opened


def facts(store: Store) -> dict[str, str]:
    with store.read() as tx:
        return dict(tx.execute(sa.select(meta.c.name, meta.c.value).where(meta.c.value.like("%jan%"))).all())


def test_a_nul_is_replaced_however_it_is_written(store: Store) -> None:
    with store.write() as tx:
        put_fact(tx, "upsert", "\0jan")
        tx.execute(meta.insert().values(name="insert", value="jan\0"))
        tx.execute(meta.insert(), [{"name": "a\0", "value": "jan"}, {"name": "b", "value": "ja\0jan\0"}])
        execute(tx, "INSERT INTO meta (name, value) VALUES (?, ?)", "driver", "\0\0jan")
        tx.execute(meta.update().where(meta.c.name == "insert").values(value="jan \0"))
    assert facts(store) == {
        "upsert": "\ufffdjan", "insert": "jan \ufffd", "a\ufffd": "jan", "b": "ja\ufffdjan\ufffd",
        "driver": "\ufffd\ufffdjan",
    }  # fmt: skip


def test_a_name_with_a_nul_is_no_other_name(store: Store) -> None:
    with store.write() as tx:
        put_fact(tx, "ops", "1")
    with store.read() as tx:
        found = sa.select(meta.c.value).where(meta.c.name == sa.bindparam("asked"))
        assert [tx.scalar(found, {"asked": name}) for name in ("ops", "ops\0", "\0ops", "o\0ps")] == ["1"] + [None] * 3
        assert tx.scalar(sa.select(meta.c.value).where(meta.c.name.in_(texts(["x\0", "ops"])))) == "1"


def test_json_holds_no_nul_and_can_be_asked(store: Store) -> None:
    value = {"a\0": ["b\0", 1, {"c": None}], "text": "\\u0000", "is": True}
    with store.write() as tx:
        tx.execute(
            dated_deletion.insert().values(
                domain="a.nl", username="jan", due_at=1.0, asked_at=1.0, who="ops", kind="operator", address="",
                before=value, figures=["x\0", "y"],
            )
        )  # fmt: skip
    with store.read() as tx:
        assert tx.scalar(sa.select(dated_deletion.c.before)) == {
            "a\ufffd": ["b\ufffd", 1, {"c": None}], "text": "\\u0000", "is": True,
        }  # fmt: skip
        assert tx.scalar(sa.select(dated_deletion.c.before["is"].as_boolean())) is True
        values = each_value(dated_deletion.c.figures)
        joined = sa.select(values.c.value).select_from(dated_deletion.join(values, sa.true()))
        assert set(tx.execute(joined).scalars()) == {"x\ufffd", "y"}


def test_the_audit_log_proves_what_is_stored(store: Store) -> None:
    with store.write() as tx:
        audit.record(
            tx, Actor("o\0ps", address="1\0"), AuditAction.EXPORT, at=1.0, on="a\0.nl", outcome="\0", detail={"b": "\0"}
        )
    assert audit_check.verify(store).intact
    with store.read() as tx:
        (entry,) = audit.find(tx, AuditFilter())
    assert (entry.who, entry.on, entry.address, entry.outcome) == ("o\ufffdps", "a\ufffd.nl", "1\ufffd", "\ufffd")
    assert entry.detail == {"b": "\ufffd"}


def test_other_values_stay_as_they_are(store: Store) -> None:
    with store.write() as tx:
        tx.execute(last_list.insert().values(domain="a.nl", read_at=1.0, content=b"\0bytes\0"))
        assert tx.scalar(sa.select(last_list.c.content)) == b"\0bytes\0"
    assert storable_text.storable("jan") == "jan"
    assert storable_text.dumps({"a": 1}) == '{"a": 1}'
