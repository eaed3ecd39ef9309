"""The locks hold the pins of requirements*.txt with hashes, and the list of packages (SBOM) is made from them."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mxlib import __version__
from script import lock, sbom

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in lock.REQUIREMENTS:
        shutil.copy(ROOT / f"{name}.txt", tmp_path)
        shutil.copy(ROOT / f"{name}.lock", tmp_path)
    return tmp_path


def change(path: Path, pattern: str, by: str) -> None:
    text = path.read_text(encoding="utf-8")
    changed = re.sub(pattern, by, text, count=1, flags=re.MULTILINE)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def test_the_locks_are_up_to_date() -> None:
    assert list(lock.problems()) == [], "Run script/lock."


def test_a_reason_of_a_pin_may_change_without_an_index(copy: Path) -> None:
    change(copy / "requirements.txt", r"# the dashboard", "# pages and widgets")
    assert list(lock.problems(copy)) == []


def test_a_missing_lock_is_reported(copy: Path) -> None:
    (copy / "requirements-build.lock").unlink()
    assert any("requirements-build.lock does not have hatchling" in problem for problem in lock.problems(copy))


HASH = "--hash=sha256:[0-9a-f]{64}"
BREAKS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "another version is pinned": (
        "does not have streamlit 1.0.0.",
        lambda copy: change(copy / "requirements.txt", r"^streamlit==\S+", "streamlit==1.0.0"),
    ),
    "a pin is new": (
        "does not have another 1.0.",
        lambda copy: change(copy / "requirements.txt", r"\Z", "another==1.0\n"),
    ),
    "a pin was removed": (
        "was not made from this requirements-dev.txt.",
        lambda copy: change(copy / "requirements-dev.txt", r"^codespell==.*\n", ""),
    ),
    "a package of the lock has no hash": (
        "has a line that is no pinned package with hashes: attrs==",
        lambda copy: change(copy / "requirements.lock", rf"^(attrs==\S+)(?: \\\n    {HASH})+", r"\1"),
    ),
    "a package of the lock was removed": (
        "does not have pandas",
        lambda copy: change(copy / "requirements.lock", rf"^pandas==.*\n(?:    {HASH}.*\n)+    # via.*\n", ""),
    ),
    "a lock names an index": (
        "has a line that is no pinned package with hashes: --index-url https://pypi.example/simple",
        lambda copy: change(
            copy / "requirements.lock", r"^alembic", "--index-url https://pypi.example/simple\nalembic"
        ),
    ),
    "a lock names a file of this machine": (
        "has a line that is no pinned package with hashes: attrs @",
        lambda copy: change(copy / "requirements.lock", r"^attrs==\S+", "attrs @ file:///wheels/attrs.whl"),
    ),
    "two locks differ in a version": (
        "requirements-dev.lock has another anyio than an earlier lock.",
        lambda copy: change(copy / "requirements-dev.lock", r"^anyio==\S+", "anyio==1.0"),
    ),
    "two locks differ in a hash": (
        "requirements-dev.lock has another anyio than an earlier lock.",
        lambda copy: change(copy / "requirements.lock", rf"^(anyio==.*\n    ){HASH}", rf"\1--hash=sha256:{'0' * 64}"),
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_a_broken_lock_is_found(case: str, copy: Path) -> None:
    said, break_it = BREAKS[case]
    break_it(copy)
    assert any(said in problem for problem in lock.problems(copy)), list(lock.problems(copy))


def test_the_list_of_packages_has_each_package_of_the_lock_once() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    document, locked = sbom.document(text), lock.entries(text)
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.6", 1)
    assert document["metadata"]["component"]["version"] == __version__
    assert {component["name"]: component["version"] for component in document["components"]} == {
        name: entry.version for name, entry in locked.items()
    }
    assert len(document["components"]) == len(locked)
    for component in document["components"]:
        assert component["type"] == "library"
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
        [release] = component["externalReferences"]
        assert {hashed["content"] for hashed in release["hashes"]} == locked[component["name"]].hashes


def test_the_list_of_packages_shows_what_requires_what() -> None:
    document = sbom.document((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    needs = {entry["ref"]: entry["dependsOn"] for entry in document["dependencies"]}
    references = {component["bom-ref"] for component in document["components"]}
    assert needs.keys() == references | {"mxm"}
    assert {needed for found in needs.values() for needed in found} == references
    direct = {re.sub(r"pkg:pypi/(.+)@.+", r"\1", reference) for reference in needs["mxm"]}
    assert direct == lock.pins(ROOT / "requirements.txt").keys()
