"""Why something could not be had from the host or the store, with the code of its kind."""

from mxlib.core.text import messages
from mxlib.mxroute.errors import Busy, MXrouteError, RateLimited, Unauthorized, Unreachable
from mxlib.store import Unwritable

#: The code of a host that gives no answer, or none that can be read, for no reason that is known.
UNKNOWN = "HOST_DOWN"

#: The code of a host that is well, and whose limit is reached: what was asked for was not done.
LIMITED = "RATE_LIMITED"


class Silent(Exception):
    """What must be known of the account can not be had now; the message says why, and what to do."""

    @property
    def code(self) -> str:
        """The kind of failure, where it is known."""
        return self.args[0].code if self.args and isinstance(self.args[0], Trouble) else ""

    @property
    def after(self) -> float | None:
        """Seconds after which to come again, where they are known."""
        return self.args[0].after if self.args and isinstance(self.args[0], Trouble) else None


class Trouble(str):
    """Why something could not be read: a sentence, the code of its kind, and when to come again (s), if known."""

    code: str
    after: float | None

    @classmethod
    def saying(cls, sentence: str, about: "Trouble") -> "Trouble":
        """A sentence of ours about the failure of `about`."""
        trouble = super().__new__(cls, sentence)
        trouble.code, trouble.after = about.code, about.after
        return trouble

    def __new__(cls, error: MXrouteError | Unwritable) -> "Trouble":
        """Say what `error` says."""
        trouble = super().__new__(cls, error)
        trouble.code, trouble.after = code_of(error), getattr(error, "retry_after", None)
        return trouble


def start_waits(domain: str, problem: str) -> Silent:
    """A start that waits for the list of `domain`; `problem` says why that could not be read, as far as it is known."""
    sentence = " ".join(filter(None, [messages.start_waits(domain), problem]))
    return Silent(Trouble.saying(sentence, problem) if isinstance(problem, Trouble) else sentence)


def code_of(error: MXrouteError | Unwritable) -> str:
    """The kind of failure, as the API names it."""
    match error:
        case Unwritable() | Unreachable():
            return error.code
        case Unauthorized():
            return "HOST_REFUSED_KEY"
        case Busy() | RateLimited():
            return LIMITED
        case _:
            return UNKNOWN
