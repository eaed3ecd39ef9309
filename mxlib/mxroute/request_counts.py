"""Counts of this process: requests to the host, and those that failed."""

import threading
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from mxlib.mxroute.errors import InvalidResponse, MXrouteError, PermissionDenied, RateLimited, Unauthorized, Unreachable


class FailureKind(StrEnum):
    """Kinds of requests that the host did not answer as it should."""

    NOT_SENT = "not_sent"
    NO_ANSWER = "no_answer"
    UNREADABLE = "unreadable"
    KEY_REFUSED = "key_refused"
    NOT_ALLOWED = "not_allowed"
    RATE_LIMITED = "rate_limited"


def kind_of(error: MXrouteError) -> FailureKind | None:
    """Return the kind of a failure.

    None for an answer such as 404, which may well be expected.
    """
    match error:
        case Unreachable():
            return FailureKind.NO_ANSWER if error.sent else FailureKind.NOT_SENT
        case InvalidResponse():
            return FailureKind.UNREADABLE
        case PermissionDenied():
            return FailureKind.NOT_ALLOWED
        case Unauthorized():
            return FailureKind.KEY_REFUSED
        case RateLimited():
            return FailureKind.RATE_LIMITED
        case _:
            return None


class RequestCounts:
    """Requests by their kind, and failures. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests, self._failures = Counter({"read": 0, "write": 0}), Counter(dict.fromkeys(FailureKind, 0))

    def note(self, kind: str, error: MXrouteError | None = None) -> None:
        """Count a request, and its failure if there is one."""
        failure = None if error is None else kind_of(error)
        with self._lock:
            self._requests[kind] += 1
            if failure is not None:
                self._failures[failure] += 1

    def requests(self) -> Mapping[str, int]:
        """Return the requests by kind: read or write."""
        with self._lock:
            return dict(self._requests)

    def failures(self) -> Mapping[FailureKind, int]:
        """Return the failures by kind."""
        with self._lock:
            return dict(self._failures)
