"""Options of the command line that say what somebody may do, and for how long."""

import argparse
import re
from typing import Any

from mxlib.auth.permissions import Permission

NEVER = float("inf")

_PERIOD = re.compile(r"([1-9][0-9]{0,4})([hdwy])")
_DAYS = {"h": 1 / 24, "d": 1, "w": 7, "y": 365}


class AddDomain(argparse.Action):
    """`--domain D`: the permissions that follow are for it."""

    def __call__(self, _parser: object, asked: argparse.Namespace, value: Any, _option: str | None = None) -> None:
        asked.rights = asked.rights or {}
        asked.rights.setdefault(value.strip().lower(), set())
        asked.at = value.strip().lower()


class AddPermission(argparse.Action):
    """`--permission P`: for the domain just named."""

    def __call__(
        self, parser: argparse.ArgumentParser, asked: argparse.Namespace, value: Any, _option: str | None = None
    ) -> None:
        if not asked.rights:
            parser.error("--permission comes after the --domain that it is for")
        asked.rights[asked.at].add(Permission(value))


def parse_period(text: str) -> float:
    """Days of `12h`, `90d`, `2w` or `1y`; or never."""
    if text == "never":
        return NEVER
    found = _PERIOD.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r}: write 12h, 90d, 2w or 1y, or never")
    return int(found[1]) * _DAYS[found[2]]
