"""What axe finds on a page: faults for people who use a screen reader or a keyboard, or who see little."""

from collections.abc import Iterator
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

#: Faults in what Streamlit draws itself: the rule, and what the element or its selector has in it.
OF_STREAMLIT = (
    # It puts each heading of the navigation, with its pages, into a div inside of one list.
    ("list", 'data-testid="stSidebarNavItems"'),
    ("listitem", "<li "),
    # The place for a file has a name and no role.
    ("presentation-role-conflict", 'data-testid="stFileUploaderDropzone"'),
    # The chart of a figure has a place for the point under the mouse: empty, with a role and without a name.
    ("svg-img-alt", "_highlighted_points_marks"),
)

#: What can differ between two themes.
_COLOURS = ("color-contrast", "link-in-text-block")


def faults(page: Page, *, colours_only: bool = False) -> list[str]:
    """Return what axe finds on the page that is open, but for what Streamlit draws wrong by itself."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if colours_only:
        options["runOnly"] = {"type": "rule", "values": list(_COLOURS)}
    return list(_described(page.evaluate("options => axe.run(document, options)", options)["violations"]))


def _described(violations: list[dict[str, Any]]) -> Iterator[str]:
    for violation in violations:
        for node in violation["nodes"]:
            if not any(violation["id"] == rule and part in node["html"] for rule, part in OF_STREAMLIT):
                why = node["failureSummary"].partition("\n")[2].strip()
                yield f"{violation['id']}: {node['html'][:300]}: {why[:300]}"
