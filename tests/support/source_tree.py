"""The project's source files and the modules that they import."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


FILES = sorted([ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "mxlib").rglob("*.py")])


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))
