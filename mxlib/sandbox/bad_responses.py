"""Responses of a host that reports something false or odd, whatever it did. Pure."""

import gzip
import json
from dataclasses import replace
from functools import cache

from mxlib.sandbox.faults import Answer, Fault
from mxlib.sandbox.replies import JSON, STATUS, Refusal, Reply, as_json
from mxlib.sandbox.request import Request

#: Status of a successful response to each method; 200 to the others.
_YES = {"POST": 201, "DELETE": 204}
_CODES = {status: code for code, status in STATUS.items()}

#: Bytes of a body that is compressed twice, once it is decompressed.
_UNPACKED = 100_000_000


def answer(fault: Fault, request: Request, true: Reply | None) -> Reply:
    """Return the response that the fault makes of the `true` reply; None: nothing was done."""
    match fault.answer:
        case Answer.YES:
            return as_json(_YES.get(request.method, 200), {"success": True})
        case Answer.NO:
            return _no(fault.status or 400)
        case Answer.DATA:
            return Reply(200, JSON, b'{"success":true,"data":%s}' % fault.data.encode())
        case Answer.PARTIAL | Answer.REPEATED:
            return _other_list(fault.answer, true or as_json(200, {"success": True, "data": []}))
        case _:
            return Reply(200, JSON | {"content-encoding": "gzip, gzip"}, _packed_twice())


def _no(status: int) -> Reply:
    refusal = Refusal(_CODES.get(status, "VALIDATION_ERROR"), "The answer is no").reply()
    return replace(refusal, status=status)


def _other_list(how: Answer, true: Reply) -> Reply:
    """Return a list without its second half, or with its first entry twice.

    Other responses unchanged.
    """
    payload = json.loads(true.body or b"{}")
    entries = payload.get("data")
    if not isinstance(entries, list):
        return true
    entries = entries[: len(entries) // 2] if how is Answer.PARTIAL else [*entries, *entries[:1]]
    return as_json(true.status, payload | {"data": entries})


@cache
def _packed_twice() -> bytes:
    return gzip.compress(gzip.compress(bytes(_UNPACKED), 1), 1)
