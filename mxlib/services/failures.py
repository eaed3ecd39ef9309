"""Failures to read from MXroute or the store, with the code of their kind."""

from mxlib.core.text import confirmations
from mxlib.mxroute.errors import MXrouteError, RateLimited, RateLimitWait, Unauthorized, Unreachable
from mxlib.store import StoreUnavailable

#: The code when MXroute gives no answer or an unreadable one, for an unknown reason.
UNKNOWN = "HOST_DOWN"

#: The code when MXroute is well and its rate limit is reached: the request was not carried out.
LIMITED = "RATE_LIMITED"


#: The code when MXroute refuses the API key.
KEY_REFUSED = "HOST_REFUSED_KEY"

#: Seconds for which a failed read is not tried again unasked: pages stay quick while the host is silent.
RETRY_DELAY_S = 60.0

#: The same after a refused key: that answer comes at once, and a corrected key is seen soon.
KEY_RETRY_DELAY_S = 5.0


class ListUnavailable(Exception):
    """Data of the account cannot be read now.

    The message says why, and what to do.
    """

    @property
    def code(self) -> str:
        """Return the kind of failure, where it is known."""
        return self.args[0].code if self.args and isinstance(self.args[0], Failure) else ""

    @property
    def after(self) -> float | None:
        """Return the seconds after which to retry, where they are known."""
        return self.args[0].after if self.args and isinstance(self.args[0], Failure) else None


class Failure(str):
    """The reason of a failed read: a sentence, its code, and when to retry (s), if known.

    `says_when`: whether the sentence itself says when to try again.
    """

    code: str
    after: float | None
    says_when: bool
    #: Whether MXroute gave no answer, or none that can be read.
    is_silence: bool = False

    @property
    def retry_delay(self) -> float:
        """Return the seconds for which the read is not tried again unasked."""
        return KEY_RETRY_DELAY_S if self.code == KEY_REFUSED else RETRY_DELAY_S

    @classmethod
    def start_waits(cls, domain: str, about: str) -> "Failure":
        """Return the failure of a start that waits for a list.

        `about` says why that could not be read.
        """
        trouble = super().__new__(cls, " ".join(filter(None, [confirmations.start_waits(domain), about])))
        trouble.code, trouble.after = ("", None) if not isinstance(about, Failure) else (about.code, about.after)
        trouble.says_when = True
        return trouble

    def __new__(cls, error: MXrouteError | StoreUnavailable) -> "Failure":
        """Take the sentence, the code and the retry time of `error`."""
        trouble = super().__new__(cls, error)
        trouble.code, trouble.after = code_of(error), getattr(error, "retry_after", None)
        trouble.says_when = says_when(error)
        trouble.is_silence = isinstance(error, Unreachable)
        return trouble


def start_waits(domain: str, problem: str) -> ListUnavailable:
    """Return the error of a start that waits for the list of `domain`.

    `problem` says why that could not be read, as far as it is known.
    """
    return ListUnavailable(Failure.start_waits(domain, problem))


def says_when(error: Exception) -> bool:
    """Return whether the sentence of an error says when to try again."""
    if isinstance(error, ListUnavailable):
        return bool(error.args) and isinstance(error.args[0], Failure) and error.args[0].says_when
    return isinstance(error, MXrouteError) and error.says_when


def code_of(error: MXrouteError | StoreUnavailable) -> str:
    """Return the kind of failure, as the API names it."""
    match error:
        case StoreUnavailable() | Unreachable():
            return error.code
        case Unauthorized():
            return KEY_REFUSED
        case RateLimitWait() | RateLimited():
            return LIMITED
        case _:
            return UNKNOWN
