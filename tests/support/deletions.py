"""Mailboxes of the simulated host, and plans that delete them."""

from dataclasses import replace
from typing import Any

from mxlib.core.vocabulary import Action
from mxlib.sandbox.state import Change
from tests.support.simulation import Simulation, row

BEFORE = {"quota": 1024, "limit": 9600, "recovery_email": "", "usage": 0.0, "sent": 0}


def existing(here: Simulation, *names: str, **changes: Any) -> None:
    for name in names:
        here.sandbox.account.apply(Change("create", "a.nl", name, quota=1024, password="theirs"))
        boxes = here.sandbox.account.domains["a.nl"]
        boxes[name] = replace(boxes[name], **changes)


def deletion(position: int, **before: Any):
    return row(position, action=Action.DELETE, password="", quota=None, limit=None, before=BEFORE | before)


def there(here: Simulation) -> list[str]:
    return sorted(here.sandbox.account.domains["a.nl"])
