"""script/prepare on machines that lack something, and after an install cut short; Python and pip are stand-ins."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python")
#: Notes what it was asked for; says no to whatever the files beside it forbid.
STAND_IN = """#!/usr/bin/env bash
here={here}
case "$*" in
    *version_info*) [ ! -e $here/old ] ;;
    *ensurepip*) [ ! -e $here/no-venv ] ;;
    *venv\\ --clear*) echo venv >>$here/log; rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
    *install*) echo "install $(sed 's/.*-r \\([^ ]*\\).*/\\1/' <<<"$*")" >>$here/log; [ ! -e $here/no-index ] ;;
esac
"""


class Machine:
    """A checkout of the scripts and requirements, and the Pythons that this machine has."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.bin = folder / "mxm", folder / "bin"
        (self.checkout / "script").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(ROOT / "script" / "prepare", self.checkout / "script")
        for name in ("requirements.lock", "requirements-dev.lock"):
            shutil.copy(ROOT / name, self.checkout)
        for name in PYTHONS:
            (self.bin / name).write_text(STAND_IN.format(here=self.bin), encoding="utf-8")
            (self.bin / name).chmod(0o755)

    def lacks(self, what: str) -> None:
        (self.bin / what).touch()

    def gets(self, what: str) -> None:
        (self.bin / what).unlink()

    def prepare(self, wanted: str = "requirements.txt") -> tuple[int, str]:
        """Exit status and what was said."""
        done = subprocess.run(
            [self.checkout / "script" / "prepare", wanted],
            cwd="/",
            env={"PATH": f"{self.bin}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    @property
    def done(self) -> list[str]:
        log = self.bin / "log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_fresh_machine_gets_everything_once(machine: Machine) -> None:
    assert machine.prepare()[0] == 0
    assert machine.prepare() == (0, "")
    assert machine.done == ["venv", "install requirements.lock"]


def test_changed_requirements_are_installed_into_the_same_venv(machine: Machine) -> None:
    machine.prepare()
    with (machine.checkout / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("another==1.0\n")
    machine.prepare()
    assert machine.done == ["venv", "install requirements.lock", "install requirements.lock"]


def test_what_the_tests_need_holds_what_the_server_needs(machine: Machine) -> None:
    machine.prepare("requirements-dev.txt")
    assert machine.prepare() == (0, "")
    assert machine.done == ["venv", "install requirements-dev.lock"]


def test_the_install_of_the_server_is_not_enough_for_the_tests(machine: Machine) -> None:
    machine.prepare()
    machine.prepare("requirements-dev.txt")
    assert machine.done[-1] == "install requirements-dev.lock"


def test_an_install_that_did_not_finish_is_started_over(machine: Machine) -> None:
    machine.lacks("no-index")
    status, said = machine.prepare()
    assert status == 1
    assert "package index" in said
    machine.gets("no-index")
    assert machine.prepare()[0] == 0
    assert machine.done == ["venv", "install requirements.lock"] * 2
    assert machine.prepare() == (0, "")


def test_an_old_python_is_refused_with_what_to_install(machine: Machine) -> None:
    machine.lacks("old")
    status, said = machine.prepare()
    assert status == 1
    assert "needs Python 3.11 or newer" in said
    assert machine.done == []


def test_a_missing_venv_module_is_named_with_its_package(machine: Machine) -> None:
    machine.lacks("no-venv")
    status, said = machine.prepare()
    assert status == 1
    assert "no venv module" in said
    assert "python3-venv" in said
    assert machine.done == []
