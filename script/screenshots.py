"""Writes docs/*.png: every page of the journey on the sandbox, in each look; started by script/screenshots."""

import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import driver, steps
from tests.browser.driver import ROOT, Faults

WIDTHS = {1280: 800, 1920: 1080}
DOCS = ROOT / "docs"


def walk(page: Page, look: str) -> None:
    """One journey, a picture at each stop."""

    def picture(name: str) -> None:
        page.mouse.move(0, 0)
        page.screenshot(path=DOCS / f"{name}-{look}.png", animations="disabled")

    steps.visit(page, "/")
    picture("accounts")
    steps.visit(page, "/import")
    picture("upload")
    steps.open_preview(page)
    picture("import")
    steps.press(page, "Create ")
    picture("confirm")
    page.get_by_role("dialog").get_by_role("button", name="Start").click()
    driver.idle(page)
    steps.finished(page)
    picture("run")


def main() -> None:
    """A server of its own for each look, so that every picture shows the same state."""
    DOCS.mkdir(exist_ok=True)
    with sync_playwright() as playwright, driver.launch(playwright) as chromium:
        for scheme in ("light", "dark"):
            for width, height in WIDTHS.items():
                with tempfile.TemporaryDirectory() as folder, driver.serving(Path(folder)) as server:
                    context = chromium.new_context(
                        base_url=server.url,
                        viewport={"width": width, "height": height},
                        color_scheme=scheme,
                        reduced_motion="reduce",
                    )
                    faults = Faults(server.url)
                    faults.watch(context)
                    walk(context.new_page(), f"{scheme}-{width}")
                    context.close()
                    assert not faults.found, faults.found


if __name__ == "__main__":
    main()
