"""Looks of the dashboard, and the states for pictures: functions with `@state`."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page


@dataclass(frozen=True, slots=True)
class Look:
    """Window and theme in which a browser shows a page."""

    width: int
    height: int
    scheme: str = "light"
    scale: int = 1

    @property
    def name(self) -> str:
        """Return the last part of a picture's name."""
        return f"{self.scheme}-{self.width * self.scale}" + (f"-at-{self.scale}00" if self.scale > 1 else "")


NARROW, WIDE = Look(1280, 800), Look(1920, 1080, "dark")
#: A window of 1280 at 200 %.
ZOOMED = Look(640, 450, scale=2)

STATES: dict[str, tuple[Callable[[Page], None], tuple[Look, ...]]] = {}
#: States of a server that people sign in to, with the people of `script.screenshots`.
GUARDED: set[str] = set()


def state(*looks: Look) -> Callable[[Callable[[Page], None]], Callable[[Page], None]]:
    """Register the state that the decorated function brings about, in `looks`; default narrow and light."""

    def kept(reach: Callable[[Page], None]) -> Callable[[Page], None]:
        STATES[reach.__name__.replace("_", "-")] = (reach, looks or (NARROW,))
        return reach

    return kept


def guarded(*looks: Look) -> Callable[[Callable[[Page], None]], Callable[[Page], None]]:
    """Register a state as `state` does, on a server where people sign in."""

    def kept(reach: Callable[[Page], None]) -> Callable[[Page], None]:
        state(*looks)(reach)
        GUARDED.add(reach.__name__.replace("_", "-"))
        return reach

    return kept
