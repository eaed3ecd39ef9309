"""Counts of requests to the host and of their failures."""

import pytest

from mxlib.mxroute.errors import (
    Conflict,
    InvalidResponse,
    MXrouteError,
    NotFound,
    PermissionDenied,
    PlanLimitReached,
    RateLimited,
    Unauthorized,
    UnexpectedData,
    Unreachable,
)
from mxlib.mxroute.request_counts import FailureKind, RequestCounts


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Unreachable(), FailureKind.NO_ANSWER),
        (Unreachable(sent=False), FailureKind.NOT_SENT),
        (InvalidResponse("Odd.", status=500), FailureKind.UNREADABLE),
        (UnexpectedData("Odd.", status=200), FailureKind.UNREADABLE),
        (Unauthorized("UNAUTHORIZED", "No.", status=401), FailureKind.KEY_REFUSED),
        (PermissionDenied("FORBIDDEN", "No.", status=403), FailureKind.NOT_ALLOWED),
        (RateLimited(1.0), FailureKind.RATE_LIMITED),
        (NotFound("NOT_FOUND", "No.", status=404), None),
        (Conflict("CONFLICT", "No.", status=409), None),
        (PlanLimitReached("LIMIT", "No.", status=422), None),
    ],
)
def test_a_failure_is_counted_by_its_kind_and_an_expected_answer_is_not(
    error: MXrouteError, kind: FailureKind | None
) -> None:
    counts = RequestCounts()
    counts.note("write", error)
    counts.note("read")
    assert counts.requests() == {"read": 1, "write": 1}
    assert {each for each, number in counts.failures().items() if number} == ({kind} if kind else set())
