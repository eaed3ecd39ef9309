"""The look of the public pages: their HTML, headers and files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from mxlib.core.text.portal.words import Words
from mxlib.web.portal.portal_services import Sender

_ASSETS = Path(__file__).parent / "assets"
_ICON = Path(__file__).parents[2] / "ui" / "assets" / "mxm.svg"

#: Only files of our own: no style and no script of a page itself, nothing of others.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # With `no-referrer`, browsers would send `Origin: null` with the forms.
    "Referrer-Policy": "same-origin",
    "Vary": "Accept-Language",
    "X-Robots-Tag": "noindex, nofollow",
}

_FILES = {
    "/portal/style.css": (_ASSETS / "style.css", "text/css; charset=utf-8"),
    "/portal/copy.js": (_ASSETS / "copy.js", "text/javascript; charset=utf-8"),
    "/portal/icon.svg": (_ICON, "image/svg+xml"),
}

_EMAIL = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,255}")

_templates = Environment(
    loader=FileSystemLoader(_ASSETS),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

#: A link at the foot of a page: its path and its text.
Link = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """The language of a page, and its sender."""

    words: Words
    sender: Sender
    sandbox: bool = False

    def page(self, template: str, title: str, status: int = 200, wait: float = 0.0, **values: Any) -> Response:
        """Return a page; `wait` are the seconds until it is worth trying again."""
        text = _templates.get_template(template).render(
            words=self.words, title=title, agency=self.sender.agency, ask=self._ask(), sandbox=self.sandbox, **values
        )
        headers = _HEADERS | {"Content-Language": self.words.language}
        if wait:
            headers["Retry-After"] = str(int(wait))
        return HTMLResponse(text, status, headers)

    def message(
        self, title: str, *texts: str, status: int = 200, wait: float = 0.0, links: Sequence[Link] = ()
    ) -> Response:
        """Return a page that says something, with links at its foot."""
        return self.page("message.html", title, status, wait, texts=texts, links=links)

    def _ask(self) -> Markup:
        """Return whom to ask; an email or web address is a link."""
        help_address = self.sender.help
        if not help_address:
            return escape(self.words.ask_unnamed)
        before, _, after = self.words.ask.partition("{help}")
        target = ""
        if _EMAIL.fullmatch(help_address):
            target = f"mailto:{help_address}"
        elif help_address.startswith("https://") and " " not in help_address:
            target = help_address
        shown = escape(help_address)
        linked = Markup('<a href="{}" rel="noreferrer">{}</a>').format(target, help_address) if target else shown
        return escape(before) + linked + escape(after)


@cache
def asset(path: str) -> Response | None:
    """Return a file that the pages use; None for any other path."""
    if path not in _FILES:
        return None
    file, kind = _FILES[path]
    headers = {"Cache-Control": "public, max-age=3600", "X-Robots-Tag": "noindex"}
    return Response(file.read_bytes(), media_type=kind, headers=headers)
