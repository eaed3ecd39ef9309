"""script/test on machines without Chromium or LibreOffice; the package manager and Python are stand-ins."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Programs of the system that the script itself calls.
SYSTEM = ("bash", "dirname", "env")
#: Fails with the first line of `trouble` while there is one; else a program of the package's name appears.
APT_GET = """#!/usr/bin/env bash
here={here}
echo "$*" >>$here/log
for package in $(cat $here/unknown); do
    case "$*" in *" $package") echo "E: Unable to locate package $package" >&2; exit 100 ;; esac
done
if [ -s $here/trouble ]; then
    head -n 1 $here/trouble >&2
    sed -i 1d $here/trouble
    exit 100
fi
case "$*" in
    *chromium | *chromium-headless-shell)
        program=$here/bin/${{@: -1}}
        printf '#!/bin/sh\\n' >$program; chmod +x $program ;;
    *libreoffice-calc) printf '#!/bin/sh\\n' >$here/bin/soffice; chmod +x $here/bin/soffice ;;
esac
"""


class Machine:
    """A checkout of the script, and a PATH that holds what this machine has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "script").mkdir()
        (folder / "bin").mkdir()
        (folder / ".venv" / "bin").mkdir(parents=True)
        shutil.copy(ROOT / "script" / "test", folder / "script")
        for name in (*SYSTEM, "cat", "head", "sed", "chmod"):
            (folder / "bin" / name).symlink_to(str(shutil.which(name)))
        self.have("script/prepare", "")
        self.have(".venv/bin/python", 'echo "pytest: $*"')
        self.have("bin/id", "echo 0")
        self.have("bin/sleep", f'echo "sleep $1" >>{folder}/log')

    def have(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text if text.startswith("#!") else f"#!/usr/bin/env bash\n{text}\n")
        (self.folder / name).chmod(0o755)

    def has_apt(self, *trouble: str, unknown: str = "") -> None:
        self.have("bin/apt-get", APT_GET.format(here=self.folder))
        (self.folder / "unknown").write_text(unknown)
        (self.folder / "trouble").write_text("".join(f"{line}\n" for line in trouble))

    def run(self, **environment: str) -> list[str]:
        """What the script prints on its way to one test."""
        done = subprocess.run(
            [self.folder / "script" / "test", "tests/test_x.py"],
            env={"PATH": str(self.folder / "bin")} | environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines()[-1] == "pytest: -m pytest tests/test_x.py"
        return [*done.stdout.splitlines()[:-1], *done.stderr.splitlines()]

    @property
    def log(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_both_programs_are_installed_where_that_is_allowed(machine: Machine) -> None:
    machine.has_apt()
    assert machine.run() == [
        "== Installing chromium-headless-shell for the browser tests",
        "== Installing libreoffice-calc for the round trip through a real spreadsheet",
    ]
    assert all("-o DPkg::Lock::Timeout=300" in call for call in machine.log)
    assert machine.run() == []


def test_where_there_is_no_shell_the_whole_browser_is_installed(machine: Machine) -> None:
    machine.has_apt(unknown="chromium-headless-shell")
    said = machine.run(CI="true")
    assert "== Installing chromium for the browser tests" in said
    assert not [line for line in said if "No Chromium" in line]


@pytest.mark.parametrize(("ci", "is_installed"), [("", False), ("true", True)])
def test_beside_a_browser_the_shell_is_installed_in_ci_alone(machine: Machine, ci: str, is_installed: bool) -> None:
    machine.has_apt()
    machine.have("bin/chromium", "")
    said = machine.run(CI=ci)
    assert ("== Installing chromium-headless-shell for the browser tests" in said) == is_installed


def test_a_busy_package_manager_is_waited_for(machine: Machine) -> None:
    machine.has_apt(*["E: Could not get lock /var/lib/apt/lists/lock."] * 3)
    assert not [line for line in machine.run(CI="true") if "No " in line]
    assert machine.log.count("sleep 5") == 3


def test_another_failure_of_the_package_manager_is_shown_and_not_retried(machine: Machine) -> None:
    machine.has_apt("E: Unable to fetch some archives.")
    assert "E: Unable to fetch some archives." in machine.run()
    assert "sleep 5" not in machine.log


@pytest.mark.parametrize(("ci", "outcome"), [("", "are skipped"), ("true", "fail")])
def test_a_missing_program_is_named_with_its_skipped_tests(machine: Machine, ci: str, outcome: str) -> None:
    said = machine.run(CI=ci)
    assert (
        f"== No Chromium: the browser tests {outcome}. Install it (Debian, Ubuntu: apt-get install chromium)." in said
    )
    assert any(line.startswith(f"== No LibreOffice: the tests that open it {outcome}.") for line in said)
