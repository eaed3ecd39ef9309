"""Write docs/*.png: the states of `script/states*.py` on the sandbox.

`script/screenshots` starts it; `script/screenshots import-bulk run` writes only those.
"""

import argparse
import io
import tempfile
from collections.abc import Collection
from operator import itemgetter
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from mxlib.auth.permissions import EVERY_DOMAIN, LOCAL, Caller, Permission
from mxlib.auth.tokens import Tokens
from mxlib.auth.users import Users
from mxlib.clock import SystemClock
from mxlib.store import FILE, Store
from script import (
    states,
    states_guarded,
    states_links,  # noqa: F401 - the import registers its states
    states_managing,  # noqa: F401 - the import registers its states
    states_notices,  # noqa: F401 - the import registers its states
)
from script.looks import GUARDED, STATES, Look
from tests.browser import driver
from tests.browser.driver import ROOT, Faults, Server

DOCS = ROOT / "docs"
#: The sandbox as `script/server` starts it, with its invented history.
WITH_HISTORY = driver.BRISK | {"MXM_SANDBOX_DAYS": "60"}
#: In a page that is mostly plain the difference is invisible, and a picture is a third of the size.
COLOURS = 256


def picture(page: Page, path: Path) -> None:
    """Save what the window shows, without the mouse."""
    page.mouse.move(0, 0)
    image = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def take(chromium: Browser, server: Server, name: str, look: Look) -> None:
    """Take one state in one look."""
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
    if name not in GUARDED:
        states.forget(page)
    context.close()
    expected = f"401 for {server.url}/sign-in"  # the answer to a refused sign-in
    assert set(faults.found) <= {expected}, faults.found


def picture_of(name: str, look: Look) -> str:
    """Return the file name of a picture."""
    return f"{name}-{look.name}.png"


def screens() -> str:
    """Return a page that shows all pictures."""
    parts = ["# Screens\n\nOn the sandbox; written by `script/screenshots`.\n"]
    for name, (reach, looks) in STATES.items():
        shown = "\n\n".join(f"![{name}, {look.name}]({picture_of(name, look)})" for look in looks)
        parts.append(f"## {reach.__doc__}\n\n{shown}\n")
    return "\n".join(parts)


def let_people_in(data: Path) -> None:
    """Add users and tokens of an agency, besides the server that serves from this folder."""
    store = Store.open(data / FILE, SystemClock())
    users, tokens = Users(store, store.clock), Tokens(store, store.clock)
    boss = Caller(states_guarded.BOSS, admin=True)
    users.add(LOCAL, states_guarded.BOSS, states_guarded.PASSWORD, admin=True)
    all_of_it = {"clienta.nl": ["view", "import", "export"], "clientb.nl": ["view"]}
    users.add(boss, "jo@agency.example", states_guarded.PASSWORD, permissions=all_of_it)
    users.add(boss, "helpdesk", states_guarded.PASSWORD, permissions={"*": ["view"]})
    users.disable(boss, users.add(boss, "summer.intern", states_guarded.PASSWORD, permissions={"clientb.nl": ["view"]}))
    tokens.create(boss, "nightly import", domains={"clienta.nl": [Permission.VIEW, Permission.IMPORT]}, days=90)
    tokens.create(boss, "monitoring", domains={EVERY_DOMAIN: [Permission.VIEW]}, days=365)
    store.close()


def main(names: Collection[str]) -> None:
    """Take the named pictures, with a server for each look: every picture shows the same.

    Those with sign-in come last.
    """
    DOCS.mkdir(exist_ok=True)
    asked = [(name in GUARDED, look, name) for name in names for look in STATES[name][1]]
    with sync_playwright() as playwright, driver.launch(playwright, whole=True) as chromium:
        for signed, look in sorted(dict.fromkeys((signed, look) for signed, look, _ in asked), key=itemgetter(0)):
            with tempfile.TemporaryDirectory() as folder, driver.serving(Path(folder), settings=WITH_HISTORY) as server:
                if signed:
                    let_people_in(server.data)
                for name in (name for *kind, name in asked if kind == [signed, look]):
                    take(chromium, server, name, look)
    (DOCS / "screens.md").write_text(screens(), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*STATES, []], metavar="state", help=", ".join(STATES))
    main(parser.parse_args().names or list(STATES))
