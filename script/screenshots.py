"""Writes docs/*.png: the states of `script.states` on the sandbox; started by script/screenshots.

`script/screenshots import-bulk run` writes only those.
"""

import argparse
import io
import tempfile
from collections.abc import Collection
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from script import states
from script.states import STATES, Look
from tests.browser import driver
from tests.browser.driver import ROOT, Faults, Server

DOCS = ROOT / "docs"
#: Of a page that is mostly plain, nobody sees the difference, and a picture takes a third of the room.
COLOURS = 256


def picture(page: Page, path: Path) -> None:
    """What the window shows, without the mouse."""
    page.mouse.move(0, 0)
    taken = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    taken.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def take(chromium: Browser, server: Server, name: str, look: Look) -> None:
    """One state in one look."""
    context = chromium.new_context(
        base_url=server.url,
        viewport={"width": look.width, "height": look.height},
        device_scale_factor=look.scale,
        color_scheme="dark" if look.scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    faults = Faults(server.url)
    faults.watch(context)
    page = context.new_page()
    STATES[name][0](page)
    picture(page, DOCS / picture_of(name, look))
    states.forget(page)
    context.close()
    assert not faults.found, faults.found


def picture_of(name: str, look: Look) -> str:
    """The file of a picture."""
    return f"{name}-{look.name}.png"


def screens() -> str:
    """A page that shows all pictures."""
    parts = ["# Screens\n\nOn the sandbox; written by `script/screenshots`.\n"]
    for name, (reach, looks) in STATES.items():
        shown = "\n\n".join(f"![{name}, {look.name}]({picture_of(name, look)})" for look in looks)
        parts.append(f"## {reach.__doc__}\n\n{shown}\n")
    return "\n".join(parts)


def main(names: Collection[str]) -> None:
    """A server of its own for each look, so that every picture shows the same."""
    DOCS.mkdir(exist_ok=True)
    looks = dict.fromkeys(look for name in names for look in STATES[name][1])
    with sync_playwright() as playwright, driver.launch(playwright) as chromium:
        for look in looks:
            with tempfile.TemporaryDirectory() as folder, driver.serving(Path(folder)) as server:
                for name in names:
                    if look in STATES[name][1]:
                        take(chromium, server, name, look)
    (DOCS / "screens.md").write_text(screens(), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*STATES, []], metavar="state", help=", ".join(STATES))
    main(parser.parse_args().names or list(STATES))
