"""The structure: imports run one way, names follow the rules, and nothing of a machine is in it."""

import ast
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.source_tree import FILES, ROOT, named

_GROUND = {"settings", "clock"}
_KNOWLEDGE = {"core", "mxroute", "store"} | _GROUND
#: Packages that a package may import. It may always import itself.
MAY_IMPORT = {
    "secret_files": set[str](),
    "settings": {"secret_files"},
    "clock": set[str](),
    "dashboard": set[str](),
    "core": set[str](),
    "sandbox": set[str](),
    "worker": {"core"},
    "mxroute": {"core"} | _GROUND,
    "mail": {"core", "mxroute"} | _GROUND,
    "outgoing": {"core", "mxroute"} | _GROUND,
    "store": {"core", "mxroute"} | _GROUND,
    "runs": _KNOWLEDGE,
    "tasks": {"core", "store"} | _GROUND,
    "auth": _KNOWLEDGE,
    "services": {"runs", "auth", "mail", "outgoing", "tasks", "sandbox", "worker"} | _KNOWLEDGE,
    "api": {"services", "runs", "auth", "core", "mxroute"} | _GROUND,
    "web": {"api", "services", "runs", "auth", "core", "mxroute"} | _GROUND,
    "ui": {"dashboard", "api", "web", "services", "runs", "auth", "core"} | _GROUND,
    "pages": {"ui", "services", "runs", "auth", "core"},
    "app": {"dashboard", "ui"},
    "cli": {"dashboard", "auth", "store", "core"} | _GROUND,
}
#: Libraries that only these packages may import.
KEPT_TO = {
    "streamlit": {"ui", "pages", "app"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "httpx": {"mxroute", "mail"},
    "httpcore": {"mxroute", "outgoing"},
    "prometheus_client": {"web"},
    "smtplib": {"mail"},
    "jinja2": {"mail", "web"},
    "fastapi": {"api"},
    "pandas": {"core", "runs", "services", "api", "ui", "pages"},
}

#: Libraries that are slow to import and rarely needed: a server starts without them.
LATE = {"fontTools", "fpdf", "zxcvbn"}


def package(path: Path) -> str:
    """Return the package of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[0] if parts[0] != "mxlib" or len(parts) < 2 else parts[1]


@cache
def imported(path: Path) -> frozenset[str]:
    """Yield every module that a file imports, anywhere in the file."""
    return frozenset(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "mxlib":
            yield from (f"mxlib.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_imports_run_one_way() -> None:
    strays = [f"{named(path)} imports mxlib.{other}" for path in FILES for other in _forbidden_imports(path)]
    assert not strays


def _forbidden_imports(path: Path) -> set[str]:
    """Return the packages that a file imports from and may not."""
    here = package(path)
    if here in ("mxlib", "__init__"):
        return set(imported(path))
    asked = {name.split(".")[1] for name in imported(path) if name.startswith("mxlib.")}
    return asked - MAY_IMPORT[here] - {here, "__version__"}


def test_no_module_imports_itself_in_a_circle() -> None:
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}
    graph = {module: imported_modules(path, modules) - {module} for module, path in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" > ".join(circle.args[1]))


def imported_modules(path: Path, modules: Mapping[str, Path]) -> set[str]:
    """Return the modules that a file imports, each by its own name and not by its package's."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & modules.keys()


def test_a_library_is_imported_only_where_it_belongs() -> None:
    strays = [
        f"{named(path)} imports {library}"
        for path in FILES
        for library in KEPT_TO.keys() & {name.split(".")[0] for name in imported(path)}
        if package(path) not in KEPT_TO[library]
    ]
    assert not strays


def test_only_the_services_use_the_sandbox_as_the_host() -> None:
    users = {package(path) for path in FILES if any(name.startswith("mxlib.sandbox") for name in imported(path))}
    assert users <= {"sandbox", "services"}


def test_a_page_is_thin() -> None:
    pages = (ROOT / "pages").glob("*.py")
    assert not [named(path) for path in pages if len(path.read_text(encoding="utf-8").splitlines()) >= 100]


def test_nothing_of_a_machine_or_a_registry_is_tracked() -> None:
    # Put together here, so that this file does not find itself.
    registries = ("pypi" + ".org", "python" + "hosted.org", "registry.npm" + "js.org", "deb.debian" + ".org")
    places = ("/" + "work/", "/" + "root/", "/" + "home/", "/" + "Users/")
    unwanted = re.compile("|".join(map(re.escape, (*registries, *places))))
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = [
        f"{name}:{number}"
        for name in filter(None, tracked.split("\0"))
        if (ROOT / name).is_file()
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8", errors="ignore").splitlines(), 1)
        if unwanted.search(line)
    ]
    assert not found


def test_a_server_starts_without_the_libraries_that_few_need() -> None:
    early = [
        f"{named(path)}:{node.lineno}: {name}"
        for path in FILES
        if named(path).startswith("mxlib/")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
        if name.split(".")[0] in LATE
    ]
    assert not early, "\n".join(early)
