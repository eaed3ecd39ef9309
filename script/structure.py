"""Draw the packages of mxlib and their imports into docs/architecture.md: `python -m script.structure [--check]`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- structure: begin -->", "<!-- structure: end -->"

#: Packages that nearly every other one imports; arrows to them would hide the rest.
GROUND = {"settings", "clock", "core"}


def modules() -> dict[str, Path]:
    """Return each module of mxlib by its dotted name."""
    found = {}
    for path in sorted((ROOT / "mxlib").rglob("*.py")):
        found[".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield the modules of mxlib that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in known else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def package(module: str) -> str:
    """Return the package of a module, or the module itself where it stands alone."""
    return [*module.split("."), "mxlib"][1]


def drawing() -> str:
    """Return the packages and the imports between them as a Mermaid graph."""
    known = modules()
    arrows: set[tuple[str, str]] = set()
    for module, path in known.items():
        here = package(module)
        targets = {package(other) for other in imports(path, known) if other in known}
        arrows |= {(here, there) for there in targets - {here, "mxlib"} - GROUND if here != "mxlib"}
    return "\n".join(["```mermaid", "graph TD", *(f"    {here} --> {there}" for here, there in sorted(arrows)), "```"])


def drawn(text: str) -> str:
    """Return the page with today's drawing between its marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{drawing()}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    """Write the drawing; with --check, only report whether it is up to date."""
    text = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv[1:]:
        return int(drawn(text) != text)
    PAGE.write_text(drawn(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
