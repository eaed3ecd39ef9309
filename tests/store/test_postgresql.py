"""PostgreSQL as the database: one writer, an end to those who stand still, and a server that is away for a while."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from mxlib import cli
from mxlib.clock import SystemClock
from mxlib.core.text import store_problems
from mxlib.core.vocabulary import AuditAction
from mxlib.settings import Settings, SettingsError
from mxlib.store import (
    OwnedStore,
    Store,
    StoreUnavailable,
    audit,
    audit_check,
    journal,
    postgresql,
    run_passwords,
    stored_columns,
)
from mxlib.store.audit import Actor
from mxlib.store.database import HEAD
from mxlib.store.errors import CommitUnknown, StoreAway, StoreNotOpened
from mxlib.store.tables import meta, metadata, run_row
from tests.support import postgresql as server
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import ShiftedClock, until

KEY = "a key of the environment"


@pytest.fixture(scope="module")
def address() -> str:
    return server.new_database(empty=True)


@pytest.fixture
def store(address: str, tmp_path: Path) -> Iterator[Store]:
    with closing(Store.open(address, SystemClock(), KEY, folder=tmp_path / "data")) as opened:
        yield opened


def put(store: Store, name: str, value: str = "") -> None:
    with store.write() as tx:
        tx.execute(meta.insert().values(name=name, value=value))


def names(store: Store) -> set[str]:
    with store.read() as tx:
        return set(tx.execute(sa.select(meta.c.name)).scalars())


def end_others(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_all_migrations_make_exactly_the_tables(store: Store) -> None:
    with store.read() as tx:
        assert tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == HEAD
        assert compare_metadata(MigrationContext.configure(tx, opts={"compare_type": True}), metadata) == []


def test_the_audit_log_proves_itself_and_is_never_emptied(store: Store) -> None:
    with store.write() as tx:
        audit.record(tx, Actor("ops"), AuditAction.EXPORT, at=1.0, on="a.nl", detail={"b": 1, "a": 1e300})
    assert audit_check.verify(store).intact
    for statement in ("TRUNCATE audit", "DELETE FROM audit", "UPDATE audit SET who = 'nobody'"):
        with pytest.raises(sa.exc.IntegrityError, match="audit log"), store.write() as tx:
            tx.exec_driver_sql(statement)
    assert audit_check.verify(store).intact


def test_figures_of_64_bits_are_kept(store: Store) -> None:
    assert isinstance(run_row.c.host_quota.type.dialect_impl(store.database.pool.dialect), sa.BigInteger)


def test_text_is_sorted_and_compared_as_in_sqlite(store: Store) -> None:
    for name in ("b", "B", "a", "ä", "Z"):
        put(store, f"sorted {name}")
    with store.read() as tx:
        query = sa.select(meta.c.name).where(meta.c.name.like("sorted %")).order_by(meta.c.name)
        found = list(tx.execute(query).scalars())
        lower = tx.scalar(sa.select(sa.func.lower(meta.c.name)).where(meta.c.name == "sorted ä"))
    assert found == sorted(found)
    assert lower == "sorted ä"


def test_a_read_cannot_write(store: Store) -> None:
    with pytest.raises((DBAPIError, StoreUnavailable)), store.read() as tx:
        tx.execute(meta.insert().values(name="written in a read", value=""))


def test_a_second_process_waits_with_its_writes(store: Store, address: str, tmp_path: Path) -> None:
    with closing(Store.open(address, SystemClock(), KEY)) as other:
        done = threading.Event()

        def write() -> None:
            put(other, "second")
            done.set()

        with store.write() as tx:
            thread = threading.Thread(target=write)
            thread.start()
            assert not done.wait(0.3)
            tx.execute(meta.insert().values(name="first", value=""))
        thread.join(10)
    assert {"first", "second"} <= names(store)


def test_who_stands_still_in_a_transaction_loses_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_BEGIN_WRITE", "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 50")

    def freeze() -> None:
        with store.write() as tx:
            tx.execute(meta.insert().values(name="frozen", value=""))
            threading.Event().wait(0.3)

    with pytest.raises(StoreAway):
        freeze()
    assert "frozen" not in names(store)


def test_only_one_process_owns_the_store(address: str, tmp_path: Path) -> None:
    clock = SystemClock()
    with closing(Store.open(address, clock, KEY, folder=tmp_path)) as one:
        owned = OwnedStore.acquire(one)
        assert owned is not None
        with closing(Store.open(address, clock, KEY, folder=tmp_path)) as two:
            assert OwnedStore.acquire(two) is None
            owned.release()
            taken = OwnedStore.acquire(two)
            assert taken is not None
            assert taken.epoch.number == owned.epoch.number + 1
            taken.release()


def test_an_owner_whose_connections_ended_is_still_the_owner(address: str, tmp_path: Path) -> None:
    with closing(Store.open(address, SystemClock(), KEY, folder=tmp_path)) as one:
        owned = OwnedStore.acquire(one)
        assert owned is not None
        end_others(address)
        owned.beat()
        with closing(Store.open(address, SystemClock(), KEY, folder=tmp_path)) as two:
            assert OwnedStore.acquire(two) is None
        owned.release()


def test_the_lease_follows_the_clock_of_the_server(address: str, tmp_path: Path) -> None:
    clock = ShiftedClock()
    with closing(Store.open(address, clock, KEY, folder=tmp_path)) as one:
        owned = OwnedStore.acquire(one, lease_s=2.0)
        assert owned is not None
        clock.ahead = 3600.0
        with closing(Store.open(address, clock, KEY, folder=tmp_path)) as two:
            assert OwnedStore.acquire(two) is None
            until(lambda: OwnedStore.acquire(two) is not None)


def test_connections_that_ended_meanwhile_are_replaced(store: Store, address: str) -> None:
    put(store, "before the end")
    end_others(address)
    put(store, "after the end")
    end_others(address)
    assert "after the end" in names(store)


def test_a_connection_that_ends_in_a_transaction_is_the_database_away(store: Store, address: str) -> None:

    def write() -> None:
        with store.write() as tx:
            tx.execute(meta.insert().values(name="cut off", value=""))
            end_others(address)
            tx.execute(sa.select(meta.c.name))

    with pytest.raises(StoreAway, match="go on by themselves"):
        write()
    assert "cut off" not in names(store)


@pytest.fixture
def lost_answers(store: Store) -> Iterator[None]:
    """Lose the answer to each COMMIT."""

    def lose(tx: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement == "COMMIT":
            tx.connection.dbapi_connection.close()
            raise sa.exc.OperationalError("COMMIT", {}, psycopg.OperationalError("server closed the connection"))

    sa.event.listen(store.database.pool, "after_cursor_execute", lose)
    yield
    sa.event.remove(store.database.pool, "after_cursor_execute", lose)


@pytest.mark.usefixtures("lost_answers")
def test_a_commit_without_an_answer_is_settled_by_asking(store: Store) -> None:
    before = store.commits
    put(store, "committed without an answer")
    assert store.commits == before + 1
    assert "committed without an answer" in names(store)


def test_a_commit_that_did_not_happen_is_the_database_away(store: Store, address: str) -> None:
    before = store.commits

    def write() -> None:
        with store.write() as tx:
            tx.execute(meta.insert().values(name="never committed", value=""))
            end_others(address)

    with pytest.raises(StoreAway) as caught:
        write()
    assert not isinstance(caught.value, CommitUnknown)
    assert store.commits == before
    assert "never committed" not in names(store)


@pytest.mark.usefixtures("lost_answers")
def test_a_commit_that_nobody_can_tell_of_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "SETTLE_S", 0.0)

    def write() -> None:
        with store.write() as tx:
            tx.execute(meta.insert().values(name="nobody knows", value=""))
            monkeypatch.setattr(store.database, "_connected", lambda: (_ for _ in ()).throw(StoreAway("")))

    before = store.commits
    with pytest.raises(CommitUnknown) as caught:
        write()
    assert str(caught.value) == store_problems.COMMIT_UNKNOWN
    assert store.commits == before


def test_an_error_that_was_caught_and_spoilt_the_transaction_is_not_committed(store: Store) -> None:
    put(store, "twice")

    def write() -> None:
        with store.write() as tx, suppress(DBAPIError):
            tx.execute(meta.insert().values(name="twice", value=""))

    with pytest.raises(RuntimeError, match="failed"):
        write()


def test_deleted_secrets_leave_the_tables(store: Store) -> None:
    assert store.scrub()
    with store.read() as tx:
        tx.execute(sa.select(metadata.tables["run"].c.id)).all()
        assert not store.scrub()


def test_a_server_that_is_not_there_is_away_and_no_password_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StoreAway) as caught:
        Store.open("postgresql+psycopg://kim:topsecret@127.0.0.1:1/mxm", SystemClock(), KEY)
    assert caught.value.code == "DATABASE_AWAY"
    seen = f"{caught.value!r}{caught.value.__cause__!r}{caplog.text}"
    assert "topsecret" not in seen


def test_an_address_that_is_not_readable_is_refused_in_a_sentence() -> None:
    with pytest.raises(StoreNotOpened) as caught:
        Store.open("postgresql://kim:topsecret@host:not-a-port/mxm", SystemClock(), KEY)
    assert str(caught.value) == store_problems.WRONG_DATABASE_URL


def test_a_database_on_a_server_needs_a_key(address: str) -> None:
    with pytest.raises(SettingsError, match="MXM_SECRET_KEY"):
        Settings(database_url=address)  # type: ignore[arg-type]
    with pytest.raises(StoreNotOpened, match="MXM_SECRET_KEY"):
        Store.open(address, SystemClock())


def test_nightly_backups_are_those_of_a_file(address: str) -> None:
    with pytest.raises(SettingsError, match="MXM_BACKUP_DIR"):
        Settings(database_url=address, secret_key=KEY, backup_dir="b", backup_passphrase="p")  # type: ignore[arg-type]


def test_the_settings_show_no_address() -> None:
    settings = Settings(database_url="postgresql://kim:topsecret@host/mxm", secret_key=KEY)  # type: ignore[arg-type]
    assert "topsecret" not in f"{settings!r}{settings}"


def test_what_is_stored_is_there_after_reopening(address: str) -> None:
    for _ in range(2):
        with closing(Store.open(address, SystemClock(), KEY)) as opened, opened.write() as tx:
            stored_columns.put(tx, "recovery_email", "a.nl", "jan", "jan@b.nl", 0.0)
            assert stored_columns.of_domain(tx, "recovery_email", "a.nl") == {"jan": "jan@b.nl"}


def test_a_database_of_another_key_is_refused_until_that_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address = server.new_database(empty=True)
    Store.open(address, SystemClock(), KEY).close()
    with pytest.raises(StoreNotOpened) as caught:
        Store.open(address, SystemClock(), "another")
    assert str(caught.value) == store_problems.OTHER_KEY
    monkeypatch.setenv("MXM_DATABASE_URL", address)
    monkeypatch.setenv("MXM_SECRET_KEY", "another")
    monkeypatch.setenv("MXM_DATA_DIR", str(tmp_path / "data"))
    assert cli.main(["user", "list"]) == 2
    assert store_problems.OTHER_KEY in capsys.readouterr().err
    assert cli.main(["key", "accept"]) == 0
    assert cli.main(["user", "list"]) == 0
    assert cli.main(["backup", str(tmp_path / "backup")]) == 2
    assert cli.main(["restore", str(tmp_path / "backup")]) == 2
    assert "PostgreSQL" in capsys.readouterr().err


def in_files(address: str, secret: bytes) -> int:
    """Return how often a secret is in the files of the tables and indexes of a database."""
    query = (
        "SELECT pg_read_binary_file(pg_relation_filepath(oid)) FROM pg_class "
        "WHERE relkind IN ('r', 't', 'i') AND relnamespace = 'public'::regnamespace"
    )
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        return sum(bytes(content).count(secret) for (content,) in connection.execute(query))


def test_the_key_of_a_run_is_written_once_and_in_no_file_once_it_is_erased(tmp_path: Path) -> None:
    address = server.new_database(empty=True)
    with closing(Store.open(address, SystemClock(), KEY, folder=tmp_path)) as store:
        with store.write() as tx:
            planned = plan(*rows(2))
            number = journal.add_run(tx, planned, store.key, operator="ops", status="running", at=1.0, retention_days=7)
        for status in ("paused", "running", "finished"):
            with store.write() as tx:
                journal.set_run(tx, number, status=status)
        with store.read() as tx:
            record = journal.get_run(tx, number)
        assert record is not None
        assert record.wrapped_key is not None
        assert not run_passwords.locked(store.key, record)
        assert in_files(address, record.wrapped_key) == 1
        digest = record.plan_digest.encode()
        assert in_files(address, digest) > 0
        with store.write() as tx:
            run_passwords.drop(tx, number)
            assert run_passwords.opened(tx, store.key, number, {0: b""}) == {}
        assert store.scrub()
        assert (in_files(address, record.wrapped_key), in_files(address, digest)) == (0, 0)
        with store.read() as tx:
            after = journal.get_run(tx, number)
        assert after is not None
        assert (after.wrapped_key, run_passwords.forgotten(after)) == (None, True)
