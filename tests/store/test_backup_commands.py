"""`script/mxm backup`, `restore` and `continue`."""

from pathlib import Path

import pytest

from mxlib import cli
from mxlib.clock import SystemClock
from mxlib.core.dated_deletions import AskCode
from mxlib.store import FILE, Store, dated_deletions
from mxlib.store.dated_deletions import DatedDeletion
from tests.support.audit_entries import audit_entries
from tests.support.backups import PASSPHRASE, derive_fast

pytestmark = pytest.mark.sqlite


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    derive_fast(monkeypatch)
    monkeypatch.setenv("MXM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MXM_BACKUP_PASSPHRASE", PASSPHRASE)


def audited(folder: Path) -> list[tuple[str, str]]:
    store = Store.open(folder / FILE, SystemClock())
    with store.read() as tx:
        found = [(str(entry["what"]), str(entry["outcome"])) for entry in audit_entries(tx)]
    store.close()
    return found


def test_a_backup_is_restored_and_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mxm.backup"
    assert cli.main(["backup", str(file)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"Backed up to {file} (")
    assert said.err == ""
    [(what, outcome)] = audited(tmp_path / "data")
    assert what == "backup.make"
    assert outcome.startswith("mxm.backup, ")

    monkeypatch.setenv("MXM_DATA_DIR", str(tmp_path / "new"))
    assert cli.main(["restore", str(file)]) == 0
    assert "until an admin presses Continue" in capsys.readouterr().out
    assert cli.main(["continue"]) == 0
    assert "Runs go on" in capsys.readouterr().out
    assert cli.main(["continue"]) == 0
    assert "Nothing waits" in capsys.readouterr().out
    assert [what for what, _ in audited(tmp_path / "new")] == ["backup.continue", "backup.restore"]


def test_deletions_in_a_backup_that_have_a_date_ask_once_the_command_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(tmp_path / "data" / FILE, SystemClock())
    with store.write() as tx:
        dated_deletions.put(tx, DatedDeletion("a.nl", "nina", 2.0, 1.0, "kim", "operator", "", {}, ""))
    store.close()
    assert cli.main(["backup", str(tmp_path / "mxm.backup")]) == 0
    monkeypatch.setenv("MXM_DATA_DIR", str(tmp_path / "new"))
    assert cli.main(["restore", str(tmp_path / "mxm.backup")]) == 0
    assert cli.main(["continue"]) == 0
    store = Store.open(tmp_path / "new" / FILE, SystemClock())
    with store.read() as tx:
        assert [each.why for each in dated_deletions.every(tx)] == [AskCode.RESTORED]
    store.close()


@pytest.mark.parametrize(
    ("arguments", "passphrase", "said"),
    [
        (["backup", "mxm.backup"], "", "MXM_BACKUP_PASSPHRASE is not set."),
        (["restore", "mxm.backup"], "", "MXM_BACKUP_PASSPHRASE is not set."),
        (["restore", "missing.backup"], "a passphrase", "missing.backup cannot be read (No such file or directory)."),
        (["backup", "missing/mxm.backup"], "a passphrase", "The backup cannot be written to "),
    ],
)
def test_a_refusal_is_one_sentence(
    arguments: list[str],
    passphrase: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MXM_BACKUP_PASSPHRASE", passphrase)
    assert cli.main(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_short_passphrase_is_remarked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MXM_BACKUP_PASSPHRASE", "short")
    assert cli.main(["backup", str(tmp_path / "mxm.backup")]) == 0
    said = capsys.readouterr().err
    assert "MXM_BACKUP_PASSPHRASE is short." in said


def test_a_folder_for_backups_needs_a_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MXM_BACKUP_PASSPHRASE", "")
    monkeypatch.setenv("MXM_BACKUP_DIR", str(tmp_path))
    assert cli.main(["token", "list"]) == 2
    assert "MXM_BACKUP_DIR is set but MXM_BACKUP_PASSPHRASE is not." in capsys.readouterr().err
