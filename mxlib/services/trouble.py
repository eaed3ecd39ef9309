"""Why something could not be had from the host or the store, with the code of its kind."""

from mxlib.mailboxes import words
from mxlib.mxroute.errors import MXrouteError, Unauthorized, Unreachable
from mxlib.store import Unwritable

#: The code of a host that gives no answer, or none that can be read, for no reason that is known.
UNKNOWN = "HOST_DOWN"


class Silent(Exception):
    """What must be known of the account can not be had now; the message says why, and what to do."""

    @property
    def code(self) -> str:
        """The kind of failure, where it is known."""
        return self.args[0].code if self.args and isinstance(self.args[0], Trouble) else ""


class Trouble(str):
    """Why something could not be read: a sentence, and the code of its kind."""

    code: str

    @classmethod
    def saying(cls, sentence: str, code: str) -> "Trouble":
        """A sentence of ours about a failure of this kind."""
        trouble = super().__new__(cls, sentence)
        trouble.code = code
        return trouble

    def __new__(cls, error: MXrouteError | Unwritable) -> "Trouble":
        """Say what `error` says."""
        trouble = super().__new__(cls, error)
        trouble.code = code_of(error)
        return trouble


def start_waits(domain: str, problem: str) -> Silent:
    """A start that waits for the list of `domain`; `problem` says why that could not be read, as far as it is known."""
    sentence = " ".join(filter(None, [words.start_waits(domain), problem]))
    return Silent(Trouble.saying(sentence, problem.code) if isinstance(problem, Trouble) else sentence)


def code_of(error: MXrouteError | Unwritable) -> str:
    """The kind of failure, as the API names it."""
    match error:
        case Unwritable() | Unreachable():
            return error.code
        case Unauthorized():
            return "HOST_REFUSED_KEY"
        case _:
            return UNKNOWN
