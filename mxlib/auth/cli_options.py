"""Options of the command line for permissions and their end."""

import argparse
import re
from typing import Any

from mxlib.auth.permissions import Permission
from mxlib.auth.roles import PERMISSIONS, Role, can_be_given

NEVER = float("inf")

#: How the name of a client begins among the domains, until its number is known.
CLIENT = "client "

_PERIOD = re.compile(r"([1-9][0-9]{0,4})([hdwy])")
_DAYS = {"h": 1 / 24, "d": 1, "w": 7, "y": 365}


class AddDomain(argparse.Action):
    """`--domain D`: the domain of the permissions that follow."""

    def __call__(self, _parser: object, asked: argparse.Namespace, value: Any, _option: str | None = None) -> None:
        """Start the permissions of a domain."""
        asked.rights = asked.rights or {}
        asked.rights.setdefault(value.strip().lower(), set())
        asked.at = value.strip().lower()


class AddClient(argparse.Action):
    """`--client C`: the client of the permissions that follow."""

    def __call__(self, _parser: object, asked: argparse.Namespace, value: Any, _option: str | None = None) -> None:
        """Start the permissions in the domains of a client."""
        asked.rights = asked.rights or {}
        asked.at = f"{CLIENT}{' '.join(value.split())}"
        asked.rights.setdefault(asked.at, set())


class AddRole(argparse.Action):
    """`--role R`: the permissions of a role in the domain or client before it."""

    def __call__(
        self, parser: argparse.ArgumentParser, asked: argparse.Namespace, value: Any, _option: str | None = None
    ) -> None:
        """Add the permissions of a role to the last domain or client."""
        if not asked.rights:
            parser.error("--role comes after the --domain or --client that it is for")
        role = Role(value.replace("-", " "))
        if not can_be_given(role, asked.at):
            parser.error("a client admin belongs to a client: give --client, or single domains")
        asked.rights[asked.at] |= PERMISSIONS[role]
        asked.roles = {**(asked.roles or {}), asked.at: role}


class AddPermission(argparse.Action):
    """`--permission P`: a permission in the domain before it."""

    def __call__(
        self, parser: argparse.ArgumentParser, asked: argparse.Namespace, value: Any, _option: str | None = None
    ) -> None:
        """Add a permission to the last domain."""
        if not asked.rights:
            parser.error("--permission comes after the --domain or --client that it is for")
        asked.rights[asked.at].add(Permission(value))


def parse_period(text: str) -> float:
    """Return the days of `12h`, `90d`, `2w` or `1y`; NEVER for `never`."""
    if text == "never":
        return NEVER
    found = _PERIOD.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r}: write 12h, 90d, 2w or 1y, or never")
    return int(found[1]) * _DAYS[found[2]]
