"""Why something could not be had from the host or the store, with the code of its kind."""

from mxlib.mxroute.errors import MXrouteError, Unauthorized, Unreachable
from mxlib.store import Unwritable


class Silent(Exception):
    """What must be known of the account can not be had now; the message says why, and what to do."""

    @property
    def code(self) -> str:
        """The kind of failure, where it is known."""
        return self.args[0].code if self.args and isinstance(self.args[0], Trouble) else ""


class Trouble(str):
    """Why something could not be read: a sentence, and the code of its kind."""

    code: str

    def __new__(cls, error: MXrouteError | Unwritable) -> "Trouble":
        """Say what `error` says."""
        trouble = super().__new__(cls, error)
        trouble.code = code_of(error)
        return trouble


def code_of(error: MXrouteError | Unwritable) -> str:
    """The kind of failure, as the API names it."""
    match error:
        case Unwritable() | Unreachable():
            return error.code
        case Unauthorized():
            return "HOST_REFUSED_KEY"
        case _:
            return "HOST_DOWN"
