"""Backups of a store that is in use, and their restore into an empty folder."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.clock import SystemClock
from mxlib.core.audit_verification import Break, BreakKind, Verification
from mxlib.core.links import LinkEnd, LinkPurpose
from mxlib.store import (
    FILE,
    Store,
    StoreUnavailable,
    audit_check,
    backup,
    erasure,
    hold,
    journal,
    links,
    pending_sign_ins,
    run_passwords,
    sessions,
    users,
)
from mxlib.store import audit as audit_log
from mxlib.store.backup import BackupError, Made
from mxlib.store.links import NewLink
from mxlib.store.sessions import SignInBefore
from mxlib.store.tables import meta
from script.sandboxed import plan
from tests.support.audit_entries import audit_entries
from tests.support.backups import PASSPHRASE, derive_fast

pytestmark = pytest.mark.sqlite


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    derive_fast(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "data" / FILE, SystemClock())
    yield opened
    opened.close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "mxm.backup"


def a_run(store: Store, rows: int = 3) -> int:
    with store.write() as tx:
        return journal.add_run(
            tx, plan(rows), store.key, operator="kim", status="running", retention_days=7, at=store.clock.now()
        )


def passwords(store: Store, run: int) -> dict[int, str]:
    with store.read() as tx:
        sealed = {row.position: row.sealed_password for row in journal.rows(tx, run) if row.sealed_password}
        return run_passwords.opened(tx, store.key, run, sealed)


def restored(made: Path, folder: Path, passphrase: str = PASSPHRASE, secret_key: str = "") -> Store:
    backup.restore(made, folder, passphrase, SystemClock(), LOCAL, secret_key)
    return Store.open(folder / FILE, SystemClock(), secret_key)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_restore_has_rows_passwords_and_key_of_the_moment_of_the_backup(
    store: Store, target: Path, tmp_path: Path
) -> None:
    run = a_run(store)
    made = backup.make(store, target, PASSPHRASE)
    later = a_run(store)
    again = restored(target, tmp_path / "new")
    try:
        assert passwords(again, run) == passwords(store, run)
        assert len(passwords(again, run)) == 3
        with again.read() as tx:
            assert journal.get_run(tx, later) is None
            held = hold.current(tx)
            assert held is not None
            assert held.made_at == made.at
            assert audit_entries(tx)[0]["what"] == "backup.restore"
    finally:
        again.close()
    assert {"mxm.sqlite3", "mxm.key"} == names(tmp_path / "new")


def test_a_restore_ends_every_session_and_pending_sign_in(store: Store, target: Path, tmp_path: Path) -> None:
    with store.write() as tx:
        user = users.add(tx, name="kim", admin=False, permissions={}, by="boss", at=store.clock.now())
        sessions.begin(tx, b"session", user, store.clock.now(), "127.0.0.1", "a browser", SignInBefore(None, ""))
        pending_sign_ins.begin(tx, b"pending", user, store.clock.now(), "password")
    backup.make(store, target, PASSPHRASE)
    again = restored(target, tmp_path / "new")
    with again.read() as tx:
        assert users.named(tx, "kim") is not None
        assert sessions.find(tx, b"session") is None
        assert pending_sign_ins.find(tx, b"pending", since=0.0) is None
    again.close()


def test_a_restore_ends_the_links_that_may_have_been_used_since(store: Store, target: Path, tmp_path: Path) -> None:
    now = store.clock.now()
    with store.write() as tx:
        people = ("nina", "later")
        new = [
            NewLink(LinkPurpose.INVITE, "a.nl", each, "", "n@x.example", "en", now, now, now + 9e5) for each in people
        ]
        token = links.make_token(tx, store.key, links.add_all(tx, new, who="kim", at=now)[0], now)
    backup.make(store, target, PASSPHRASE)
    again = restored(target, tmp_path / "new")
    with again.read() as tx:
        found = links.by_token(tx, token)
        assert found is not None
        assert (found.end, found.sealed_token) == (LinkEnd.RESTORED, None)
        assert [each.username for each in links.due(tx, now, 9)] == ["later"]
    again.close()


def test_files_and_folders_are_private_and_nothing_else_is_left(store: Store, target: Path, tmp_path: Path) -> None:
    before = names(store.folder)
    made = backup.make(store, target, PASSPHRASE)
    assert made == Made(target, target.stat().st_size, made.at)
    assert target.stat().st_mode & 0o777 == 0o600
    assert names(target.parent) == {target.name}
    assert names(store.folder) == before
    restored(target, tmp_path / "new").close()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "new").iterdir())


def test_a_backup_contains_no_readable_word(store: Store, target: Path) -> None:
    a_run(store)
    backup.make(store, target, PASSPHRASE)
    key = (store.folder / "mxm.key").read_bytes()
    content = target.read_bytes()
    assert not any(word in content for word in (b"SQLite", b"alembic", key, b"manifest", b"kim"))


def test_a_backup_does_not_wait_for_writers_nor_they_for_it(
    store: Store, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that is open while the backup begins, and one in the middle of it."""
    written = threading.Event()

    def write() -> None:
        with store.write() as tx:
            tx.execute(meta.insert().values(name="meanwhile", value="1"))
        written.set()

    seal = backup.seal

    def seal_during_a_write(*given: object) -> None:
        threading.Thread(target=write).start()
        assert written.wait(60.0)
        seal(*given)  # type: ignore[arg-type]

    with store.write() as tx:
        tx.execute(meta.insert().values(name="uncommitted", value="1"))
        copying = threading.Thread(target=backup.make, args=(store, target, PASSPHRASE))
        copying.start()
        copying.join(5.0)
        assert not copying.is_alive()
    with restored(target, tmp_path / "first").read() as tx:
        assert "uncommitted" not in tx.execute(meta.select()).scalars().all()

    monkeypatch.setattr(backup, "seal", seal_during_a_write)
    backup.make(store, target.with_name("second"), PASSPHRASE)
    with restored(target.with_name("second"), tmp_path / "second").read() as tx:
        found = tx.execute(meta.select()).scalars().all()
    assert "uncommitted" in found
    assert "meanwhile" not in found


def test_passwords_are_not_reported_as_erased_while_a_copy_of_them_exists(
    store: Store, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(store)
    seal, seen = backup.seal, []

    def seal_after_erasure(*given: object) -> None:
        with store.write() as tx:
            run_passwords.drop(tx, run)
            erasure.begin(tx, run)
        seen.append(erasure.finish(store, tries=1))
        seal(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(backup, "seal", seal_after_erasure)
    backup.make(store, target, PASSPHRASE)
    assert seen == [False]
    assert erasure.finish(store)


@pytest.mark.parametrize("what", ["a wrong passphrase", "a flipped byte", "cut short", "another file", "no file"])
def test_a_file_that_is_no_good_leaves_the_folder_empty(what: str, store: Store, target: Path, tmp_path: Path) -> None:
    backup.make(store, target, PASSPHRASE)
    content = bytearray(target.read_bytes())
    if what == "a flipped byte":
        content[len(content) // 2] ^= 1
    if what == "cut short":
        del content[-20:]
    target.write_bytes(b"PK\x03\x04" if what == "another file" else content)
    if what == "no file":
        target.unlink()
    with pytest.raises(BackupError) as refused:
        restored(target, tmp_path / "new", "wrong" if what == "a wrong passphrase" else PASSPHRASE)
    assert str(refused.value).endswith((".", ")."))
    assert not (tmp_path / "new").exists() or names(tmp_path / "new") == set()


def test_a_folder_with_anything_in_it_is_not_restored_into(store: Store, target: Path, tmp_path: Path) -> None:
    backup.make(store, target, PASSPHRASE)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "note.txt").write_text("mine")
    with pytest.raises(BackupError, match="is not empty: it has note"):
        restored(target, tmp_path / "new")
    assert names(tmp_path / "new") == {"note.txt"}


def test_a_backup_replaces_no_file(store: Store, target: Path) -> None:
    target.write_text("mine")
    with pytest.raises(BackupError, match="exists already"):
        backup.make(store, target, PASSPHRASE)
    assert target.read_text() == "mine"


@pytest.mark.parametrize("where", ["missing/mxm.backup", "file/mxm.backup"])
def test_a_place_that_cannot_be_written_is_one_sentence(where: str, store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupError, match="The backup cannot be written to"):
        backup.make(store, tmp_path / where, PASSPHRASE)
    assert names(tmp_path) == {"data", "file"}


def test_a_passphrase_is_required(store: Store, target: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="MXM_BACKUP_PASSPHRASE is not set"):
        backup.make(store, target, "")
    with pytest.raises(BackupError, match="MXM_BACKUP_PASSPHRASE is not set"):
        backup.restore(target, tmp_path / "new", "", SystemClock(), LOCAL)
    assert not target.exists()


def test_a_damaged_database_makes_no_backup(store: Store, target: Path) -> None:
    a_run(store, 200)
    store.scrub()
    with sqlite3.connect(store.path) as raw:
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        size = raw.execute("PRAGMA page_size").fetchone()[0]
    with store.path.open("r+b") as file:
        file.seek((pages - 3) * size)
        file.write(b"\xff" * size)
    with pytest.raises((BackupError, StoreUnavailable)):
        backup.make(store, target, PASSPHRASE)
    assert names(target.parent) == set()


def test_what_a_killed_process_left_is_removed(store: Store, target: Path) -> None:
    for folder in (store.folder, target.parent):
        (folder / ".mxm-backup-file").write_text("")
        (folder / ".mxm-backup-folder").mkdir()
        (folder / ".mxm-backup-folder" / FILE).write_text("")
    backup.make(store, target, PASSPHRASE)
    assert names(target.parent) == {"mxm.backup"}
    assert not [name for name in names(store.folder) if name.startswith(".mxm")]


def test_a_key_from_the_environment_stays_there(target: Path, tmp_path: Path) -> None:
    store = Store.open(tmp_path / "data" / FILE, SystemClock(), "a secret of the environment")
    run = a_run(store)
    backup.make(store, target, PASSPHRASE, "a secret of the environment")
    for secret_key in ("", "another secret"):
        with pytest.raises(BackupError, match="Set the same MXM_SECRET_KEY"):
            restored(target, tmp_path / "new", secret_key=secret_key)
    again = restored(target, tmp_path / "new", secret_key="a secret of the environment")
    assert passwords(again, run) == passwords(store, run)
    assert not (tmp_path / "new" / "mxm.key").exists()


def test_a_backup_with_its_own_key_is_not_restored_next_to_another_one(
    store: Store, target: Path, tmp_path: Path
) -> None:
    backup.make(store, target, PASSPHRASE)
    with pytest.raises(BackupError, match="Unset MXM_SECRET_KEY"):
        restored(target, tmp_path / "new", secret_key="a secret")


def test_the_audit_log_of_a_restore_is_intact(store: Store, target: Path, tmp_path: Path) -> None:
    a_run(store)
    backup.make(store, target, PASSPHRASE)
    assert audit_check.verify(restored(target, tmp_path / "new")).broken is None


def test_a_broken_audit_log_is_backed_up_as_it_is_but_not_broken_by_the_backup(
    store: Store, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify(of: Store) -> Verification:
        broken = of is not store or broken_here
        return Verification(breaks=(Break(BreakKind.CHANGED, 1),) if broken else ())

    monkeypatch.setattr(audit_check, "verify", verify)
    broken_here = False
    with pytest.raises(BackupError, match="although that of the server is intact"):
        backup.make(store, target, PASSPHRASE)
    broken_here = True
    backup.make(store, target, PASSPHRASE)


def test_the_hold_ends_once_and_is_audited(store: Store) -> None:
    with store.write() as tx:
        assert hold.end(tx, LOCAL, 5.0) is None
        hold.begin(tx, hold.Hold(1.0))
    with store.write() as tx:
        assert hold.end(tx, LOCAL, 5.0) == hold.Hold(1.0)
        assert hold.current(tx) is None
        assert audit_log.count(tx, audit_log.AuditFilter(what="backup.continue")) == 1
