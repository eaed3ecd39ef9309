"""The step of a sign-in that replaces a temporary password."""

from collections.abc import Callable, Mapping, Sequence
from html import escape

from mxlib.auth.page_templates import template
from mxlib.auth.password_queue import PasswordQueue
from mxlib.auth.passwords import POLICY, InvalidPassword
from mxlib.auth.permissions import Forbidden
from mxlib.auth.sign_in_steps import PendingSignIn, StepForm, StepRefused
from mxlib.auth.trusted_proxies import household
from mxlib.auth.users import Users
from mxlib.store import Tx
from mxlib.store.users import UserRecord


class NewPasswordStep:
    """Asks for a new password at the first use of a temporary one."""

    name = "new password"

    def __init__(self, users: Users, queue: Callable[[str], PasswordQueue]) -> None:
        """Create it; `queue` returns the queue of password hashing for an address."""
        self._users, self._queue = users, queue

    def is_needed(self, _tx: Tx, user: UserRecord, _passed: Sequence[str]) -> bool:
        """Return whether the user's password is temporary."""
        return user.password_ends_at is not None

    def form(self, pending: PendingSignIn) -> StepForm:
        """Return the form for a new password, typed twice."""
        return StepForm(
            "Choose your password",
            template("new_password.html").substitute(name=escape(pending.user.name), policy=POLICY),
        )

    def take(self, pending: PendingSignIn, given: Mapping[str, str], address: str) -> None:
        """Store the new password."""
        new = given.get("new", "")
        if new != given.get("again", ""):
            raise InvalidPassword("The two passwords differ. Type the same one twice.")
        try:
            with self._queue(address).slot(household(address), 0):
                self._users.replace_temporary_password(pending.user, new, address, keep=pending.record.digest)
        except Forbidden as error:  # disabled meanwhile
            raise StepRefused(str(error)) from None
