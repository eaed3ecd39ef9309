"""HTML of the sign-in pages, in the folder `assets`."""

from functools import cache
from pathlib import Path
from string import Template

ASSETS = Path(__file__).with_name("assets")


@cache
def template(name: str) -> Template:
    """Return the template of that file name; values have to be escaped."""
    return Template((ASSETS / name).read_text(encoding="utf-8"))
