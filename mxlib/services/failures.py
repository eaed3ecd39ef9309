"""Why something could not be had from the host or the store, with the code of its kind."""

from mxlib.core.text import confirmations
from mxlib.mxroute.errors import MXrouteError, RateLimited, RateLimitWait, Unauthorized, Unreachable
from mxlib.store import StoreUnavailable

#: The code of a host that gives no answer, or none that can be read, for no reason that is known.
UNKNOWN = "HOST_DOWN"

#: The code of a host that is well, and whose limit is reached: what was asked for was not done.
LIMITED = "RATE_LIMITED"


class ListUnavailable(Exception):
    """What must be known of the account can not be had now; the message says why, and what to do."""

    @property
    def code(self) -> str:
        """The kind of failure, where it is known."""
        return self.args[0].code if self.args and isinstance(self.args[0], Failure) else ""

    @property
    def after(self) -> float | None:
        """Seconds after which to come again, where they are known."""
        return self.args[0].after if self.args and isinstance(self.args[0], Failure) else None


class Failure(str):
    """Why something could not be read: a sentence, the code of its kind, and when to come again (s), if known."""

    code: str
    after: float | None

    @classmethod
    def saying(cls, sentence: str, about: "Failure") -> "Failure":
        """A sentence of ours about the failure of `about`."""
        trouble = super().__new__(cls, sentence)
        trouble.code, trouble.after = about.code, about.after
        return trouble

    def __new__(cls, error: MXrouteError | StoreUnavailable) -> "Failure":
        """Say what `error` says."""
        trouble = super().__new__(cls, error)
        trouble.code, trouble.after = code_of(error), getattr(error, "retry_after", None)
        return trouble


def start_waits(domain: str, problem: str) -> ListUnavailable:
    """A start that waits for the list of `domain`; `problem` says why that could not be read, as far as it is known."""
    sentence = " ".join(filter(None, [confirmations.start_waits(domain), problem]))
    return ListUnavailable(Failure.saying(sentence, problem) if isinstance(problem, Failure) else sentence)


def code_of(error: MXrouteError | StoreUnavailable) -> str:
    """The kind of failure, as the API names it."""
    match error:
        case StoreUnavailable() | Unreachable():
            return error.code
        case Unauthorized():
            return "HOST_REFUSED_KEY"
        case RateLimitWait() | RateLimited():
            return LIMITED
        case _:
            return UNKNOWN
