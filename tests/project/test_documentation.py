"""README and docs/ agree with the product: settings, commands, links and packages."""

import os
import re
from pathlib import Path

from mxlib import secret_files
from mxlib.settings import Settings
from script import structure

ROOT = Path(__file__).parents[2]
PAGES = {path: path.read_text(encoding="utf-8") for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))}
README = PAGES[ROOT / "README.md"]


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    row = re.compile(r"^\| `(\w+)` \|(?: `(.*)`)? \| (.*) \|$", re.MULTILINE)
    rows = row.findall(PAGES[ROOT / "docs" / "settings.md"])
    assert [(name, (default, meaning)) for name, default, meaning in rows] == list(Settings.variables().items())


def test_every_variable_in_a_page_exists() -> None:
    for page, text in PAGES.items():
        set_in_examples = set(re.findall(r"^(MXM_[A-Z]+)=", text, re.MULTILINE))
        named = set(re.findall(r"\bMXM?(?:ROUTE)?_[A-Z_]+", text))
        of_files = {name + secret_files.SUFFIX for name in Settings.secrets()}
        assert named <= Settings.variables().keys() | set_in_examples | of_files, page.name


def test_only_the_api_page_sets_variables_of_its_own() -> None:
    setting = [page.name for page, text in PAGES.items() if re.search(r"^MXM_[A-Z]+=", text, re.MULTILINE)]
    assert setting == ["api.md"]


def test_every_command_in_a_page_can_be_run() -> None:
    commands = {command for text in PAGES.values() for command in re.findall(r"\bscript/(\w+)\b(?!\.py)", text)}
    assert {"server", "test"} <= set(re.findall(r"\bscript/(\w+)", README))
    assert all(os.access(ROOT / "script" / command, os.X_OK) for command in commands)


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    broken = []
    for page, text in PAGES.items():
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if "://" not in link and not (target.is_file() and (not anchor or anchor in anchors(target))):
                broken.append(f"{page.name}: {link}")
    assert broken == []


def test_the_readme_leads_to_every_page() -> None:
    links = set(re.findall(r"\]\(([^)\s#]+)", README))
    assert {str(page.relative_to(ROOT)) for page in PAGES} - links == {"README.md"}


def test_the_drawing_of_the_packages_is_up_to_date() -> None:
    text = PAGES[structure.PAGE]
    assert structure.drawn(text) == text, "Run script/structure."


def test_the_modules_that_a_page_for_contributors_names_exist() -> None:
    missing = [
        f"{page.name}: {name}"
        for page in (structure.PAGE, ROOT / "CONTRIBUTING.md")
        for name in re.findall(r"`([a-z_]+/[a-z_/]+\.(?:py|md|txt))`", PAGES[page])
        if not (ROOT / "mxlib" / name).exists() and not (ROOT / name).exists()
    ]
    assert missing == []


def test_the_readme_stays_short() -> None:
    assert len(README.splitlines()) <= 160


def test_the_readme_lists_exactly_the_packages() -> None:
    packages = {path.name for path in (ROOT / "mxlib").iterdir() if (path / "__init__.py").is_file()}
    structure = README.split("## How it is built")[1]
    assert {name for name in packages if not re.search(rf"\b{name}  +\S", structure)} == set()


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
