"""Errors of the host, as one tree.

    MXrouteError
    ├── RateLimitWait       nothing was sent: the rate limit would have kept the caller waiting too long
    ├── Unreachable         no response came
    ├── InvalidResponse     a response came that makes no sense: a 5xx, a web page, broken JSON
    │   └── UnexpectedData      its data does not answer the request
    │       └── UnexpectedlyEmpty   a list without the entries that it had
    └── RequestRefused      the host refused the request
        ├── InvalidRequest      400
        ├── Unauthorized        401
        │   └── PermissionDenied    403: the key may not do this, or nothing at all
        ├── NotFound            404
        ├── Conflict            409
        ├── PlanLimitReached    422
        └── RateLimited         429: it had no effect, and may be sent again after the wait

`str` of each is one sentence for operators. None of them holds a header, a key or a password, nor leads to an exception
that does.
"""

from math import ceil

from mxlib.mxroute.rate_headers import RateLimitHeaders


class MXrouteError(Exception):
    """Base of every failure of the host that reaches an operator."""

    #: Whether its sentence says when to try again.
    says_when = False

    def __init__(self, message: str, *, rate_headers: RateLimitHeaders | None = None) -> None:
        super().__init__(message)
        self.rate_headers = rate_headers


class RateLimitWait(MXrouteError):
    """Nothing was sent: the next slot is `retry_after` seconds away, longer than the caller waits."""

    says_when = True

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"MXroute's limit is reached. Try again in {max(1, ceil(retry_after))} s.")
        self.retry_after = retry_after


class Unreachable(MXrouteError):
    """No response came. Unless `sent` is False, a write may still have taken effect; `code` is the reason."""

    def __init__(
        self, message: str = "MXroute does not answer.", *, sent: bool = True, code: str = "HOST_DOWN"
    ) -> None:
        super().__init__(message)
        self.sent, self.code = sent, code


class InvalidResponse(MXrouteError):
    """A response came that makes no sense; a write may still have taken effect."""

    def __init__(self, message: str, *, status: int, rate_headers: RateLimitHeaders | None = None) -> None:
        super().__init__(message, rate_headers=rate_headers)
        self.status = status


class UnexpectedData(InvalidResponse):
    """The data is not what was requested: another mailbox, or no list."""


class UnexpectedlyEmpty(UnexpectedData):
    """A list is empty where it was not, and is read again in a minute."""

    says_when = True


class RequestRefused(MXrouteError):
    """The host refused the request. `message` and `field` are the host's own words."""

    def __init__(
        self, code: str, message: str, *, status: int, field: str = "", rate_headers: RateLimitHeaders | None = None
    ) -> None:
        super().__init__(self._sentence(message), rate_headers=rate_headers)
        self.code, self.message, self.status, self.field = code, message, status, field

    def _sentence(self, message: str) -> str:
        return f"MXroute: {message}"


class InvalidRequest(RequestRefused):
    """The request breaks a rule of the host; `field` names what, when the host does."""


class Unauthorized(RequestRefused):
    """The host does not accept the key, or not for this request."""

    def _sentence(self, message: str) -> str:
        return "MXroute refused the API key. Correct MX_API_KEY and restart."


class PermissionDenied(Unauthorized):
    """The host does not let this key do this.

    The key may still be valid for other requests.
    """

    def _sentence(self, message: str) -> str:
        return f"MXroute does not allow this: {message}"


class NotFound(RequestRefused):
    """The object does not exist."""


class Conflict(RequestRefused):
    """The object already exists."""


class PlanLimitReached(RequestRefused):
    """The plan does not allow it, for example since a limit is reached."""


class RateLimited(RequestRefused):
    """Too many requests; `retry_after` is in seconds, None when the host did not report it."""

    says_when = True

    def __init__(
        self,
        retry_after: float | None = None,
        message: str = "Too many requests.",
        *,
        code: str = "RATE_LIMITED",
        rate_headers: RateLimitHeaders | None = None,
    ) -> None:
        super().__init__(code, message, status=429, rate_headers=rate_headers)
        self.retry_after = retry_after

    def _sentence(self, message: str) -> str:
        return "MXroute's limit is reached. Try again in a minute."
