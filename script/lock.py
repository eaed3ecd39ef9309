"""The locks: every package to install, with the hashes of its files. `python -m script.lock [--check | UV_OPTION…]`.

Each requirements*.txt pins direct requirements and has a lock of the same name, which pip installs with
`--require-hashes`. A lock names no index: any mirror of PyPI has files with these hashes.
"""

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: The requirements with a lock; the versions of an earlier lock hold for the later ones.
REQUIREMENTS = ("requirements", "requirements-build", "requirements-dev")

_COMPILE = (
    "pip", "compile", "--quiet", "--no-config", "--universal", "--python-version", "3.11", "--generate-hashes",
    "--no-emit-index-url", "--no-strip-extras", "--no-header", "--annotation-style", "line",
)  # fmt: skip
_ENTRY = re.compile(
    r"^(?P<name>[a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(?P<version>\S+)(?: ; (?P<marker>.+?))?"
    r"(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n"
    r"    # via (?P<via>.+)\n",
    re.MULTILINE,
)
_HEAD = re.compile(r"\A# Made by script/lock from (\S+) \(sha256 ([0-9a-f]{64})\)\.\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """A package of a lock; `via` names the packages and files that require it."""

    version: str
    marker: str
    hashes: frozenset[str]
    via: tuple[str, ...]


def pins(path: Path) -> dict[str, str]:
    """Return the versions that a requirements file and those that it includes pin."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        pin = line.partition("#")[0].strip()
        if pin.startswith("-r "):
            found |= pins(path.with_name(pin.removeprefix("-r ").strip()))
        elif pin:
            name, _, version = pin.partition("==")
            found[re.sub(r"[-_.]+", "-", name).lower()] = version
    return found


def entries(lock: str) -> dict[str, Entry]:
    """Return the packages of the text of a lock."""
    return {
        entry["name"]: Entry(
            entry["version"],
            entry["marker"] or "",
            frozenset(re.findall(r"[0-9a-f]{64}", entry["hashes"])),
            tuple(sorted(entry["via"].split(", "))),
        )
        for entry in _ENTRY.finditer(lock)
    }


def _digest(pinned: dict[str, str]) -> str:
    return hashlib.sha256("".join(f"{name}=={pinned[name]}\n" for name in sorted(pinned)).encode()).hexdigest()


def problems(root: Path = ROOT) -> Iterator[str]:
    """Yield what is wrong with the locks, one sentence each; needs no index."""
    earlier: dict[str, Entry] = {}
    for name in REQUIREMENTS:
        path = root / f"{name}.lock"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        pinned, locked = pins(root / f"{name}.txt"), entries(text)
        head = _HEAD.match(text)
        if head is None or head.groups() != (f"{name}.txt", _digest(pinned)):
            yield f"{path.name} was not made from this {name}.txt."
        if left := _ENTRY.sub("", _HEAD.sub("", text)).strip():
            yield f"{path.name} has a line that is no pinned package with hashes: {left.splitlines()[0]}"
        for package, version in pinned.items():
            if package not in locked or locked[package].version != version:
                yield f"{path.name} does not have {package} {version}."
        for package in sorted(earlier.keys() & locked.keys()):
            ours, theirs = locked[package], earlier[package]
            if (ours.version, ours.hashes) != (theirs.version, theirs.hashes):
                yield f"{path.name} has another {package} than an earlier lock."
        earlier |= locked


def renew(options: list[str], root: Path = ROOT) -> None:
    """Make the locks; versions stay, unless a pin or an option of uv changes them."""
    earlier: list[str] = []
    for name in REQUIREMENTS:
        path = root / f"{name}.lock"
        command = [Path(sys.executable).with_name("uv"), *_COMPILE, *earlier, *options, f"{name}.txt", "-o", path.name]
        subprocess.run(command, cwd=root, check=True)
        text = re.sub(r"(?:, )?-c \S+\.lock(?=,|$)", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        text = text.replace("# via , ", "# via ")
        head = f"# Made by script/lock from {name}.txt (sha256 {_digest(pins(root / f'{name}.txt'))}).\n"
        path.write_text(head + text, encoding="utf-8")
        earlier += ["-c", path.name]


def main(arguments: list[str]) -> int:
    """Renew the locks, or only check them."""
    if arguments != ["--check"]:
        renew(arguments)
    found = list(problems())
    for problem in found:
        print(f"{problem} Run script/lock.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
