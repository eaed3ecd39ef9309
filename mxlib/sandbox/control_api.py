"""Control routes for tests and demos, with `controlled=True`; no limit counts them."""

import json
from dataclasses import asdict, fields
from typing import Any

from mxlib.sandbox.contract import shown
from mxlib.sandbox.core import Sandbox
from mxlib.sandbox.faults import Schedule
from mxlib.sandbox.limits import Limits
from mxlib.sandbox.replies import Refusal, Reply, as_json

PREFIX = "/_sandbox/"


def control(sandbox: Sandbox, method: str, path: str, body: bytes, now: float) -> Reply:
    """Answer one control request.

    - GET log: the requests, and the creates by address.
    - GET mailboxes: with passwords when they are remembered.
    - GET or POST faults: a list of rules as in `faults`; they count from then on.
    - GET or POST limits: the fields to change.
    """
    sandbox.advance(now)
    try:
        return as_json(200, _response(sandbox, method, path.removeprefix(PREFIX), body))
    except Refusal as refusal:
        return refusal.reply()
    except (ValueError, TypeError) as error:
        return Refusal("VALIDATION_ERROR", str(error)).reply()


def _response(sandbox: Sandbox, method: str, what: str, body: bytes) -> Any:
    match method, what:
        case "GET", "log":
            return {"log": [entry._asdict() for entry in sandbox.log.copy()], "made": dict(sandbox.made)}
        case "GET", "mailboxes":
            return [_box(sandbox, address) for address in sandbox.mailboxes()]
        case "POST", "faults":
            sandbox.schedule = Schedule.from_json(body.decode())
            return sandbox.schedule.to_data()
        case "GET", "faults":
            return sandbox.schedule.to_data()
        case "POST", "limits":
            sandbox.limits = _limits(sandbox.limits, json.loads(body))
            return asdict(sandbox.limits)
        case "GET", "limits":
            return asdict(sandbox.limits)
    raise Refusal("NOT_FOUND", "No such control")


def _box(sandbox: Sandbox, address: str) -> dict[str, Any]:
    box = sandbox.mailbox(address)
    if box is None:
        raise Refusal("CONFLICT", "The mailbox went away meanwhile")
    remembered = {} if box.password is None else {"password": box.password}
    return shown(box, address.partition("@")[2]) | remembered


def _limits(present: Limits, changed: Any) -> Limits:
    if not isinstance(changed, dict):
        raise ValueError("Limits are an object.")
    if unknown := changed.keys() - {each.name for each in fields(Limits)}:
        raise ValueError(f"Limits have no {', '.join(sorted(unknown))}.")
    return Limits(**(asdict(present) | changed))
