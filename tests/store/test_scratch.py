"""Plain copies of the data that a killed backup left: they are removed at once, those in use stay."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mxlib.clock import SystemClock
from mxlib.store import FILE, Store, erasure, scratch

pytestmark = pytest.mark.sqlite

_MAKES_COPIES = """
import sys
import tempfile
from pathlib import Path
from typing import Any
from mxlib.store import scratch
where = Path(sys.argv[1])
with scratch.new_folder(where) as folder, scratch.new_file(where):
    (folder / "mxm.sqlite3").write_text("plain")
    print("made", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other_process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has a scratch folder and a scratch file."""
    made = subprocess.Popen(
        [sys.executable, "-c", _MAKES_COPIES, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert made.stdout
    assert made.stdout.readline() == "made\n"
    yield made
    made.kill()
    made.communicate()


def left(folder: Path) -> int:
    return len(list(folder.glob(".mxm-backup-*")))


def test_what_a_killed_process_left_is_removed(other_process: subprocess.Popen[str], tmp_path: Path) -> None:
    assert not scratch.remove_left(tmp_path)
    assert left(tmp_path) == 2
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    assert scratch.remove_left(tmp_path)
    assert left(tmp_path) == 0


def test_a_file_that_was_renamed_stays_and_others_do_not(tmp_path: Path) -> None:
    with scratch.new_file(tmp_path) as (path, file):
        file.write(b"x")
        path.replace(tmp_path / "kept")
    with pytest.raises(KeyError), scratch.new_folder(tmp_path), scratch.new_file(tmp_path):
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o600


def test_nothing_counts_as_erased_while_a_copy_of_it_is_in_use(tmp_path: Path) -> None:
    store = Store.open(tmp_path / FILE, SystemClock())
    with store.write() as tx:
        erasure.begin(tx)
    with scratch.new_folder(tmp_path):
        assert not erasure.finish(store)
    (tmp_path / ".mxm-backup-left").mkdir()
    assert erasure.finish(store)
    assert left(tmp_path) == 0
    store.close()


def test_what_is_made_is_not_taken_for_left_before_it_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for make in ("mkdtemp", "mkstemp"):
        made = getattr(tempfile, make)
        turns = iter((True, False))

        def make_and_lose(made: Any = made, turns: Iterator[bool] = turns, **how: Any) -> Any:
            result = made(**how)
            if next(turns):
                scratch.remove_left(tmp_path)
            return result

        monkeypatch.setattr(tempfile, make, make_and_lose)
    with scratch.new_folder(tmp_path) as folder, scratch.new_file(tmp_path) as (path, _):
        assert folder.is_dir()
        assert path.is_file()
        assert not scratch.remove_left(tmp_path)
        assert left(tmp_path) == 2
    assert left(tmp_path) == 0
