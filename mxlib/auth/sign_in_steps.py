"""Steps between the right password and the session.

A pending sign-in goes through them. It has no rights: nothing but the page of its next step accepts it.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mxlib.auth.tokens import digest
from mxlib.clock import Clock
from mxlib.store import Tx, clock_guard, pending_sign_ins, users
from mxlib.store.pending_sign_ins import PendingRecord
from mxlib.store.users import UserRecord

#: Seconds that a person has for all steps.
PENDING_S = 600.0


class StepRefused(Exception):
    """The typed text is not right; the message is one sentence for the person."""


class StepsLeft(Exception):
    """The password is right, and steps are left; `pending_id` is for the browser alone."""

    def __init__(self, pending_id: str) -> None:
        super().__init__("Steps of this sign-in are left.")
        self.pending_id = pending_id


@dataclass(frozen=True, slots=True)
class StepForm:
    """The form of a step: a title, and the HTML of its fields and its button."""

    title: str
    fields: str = field(repr=False)


class SignInStep(Protocol):
    """One step of a sign-in, with its page and its handler.

    `name` is stored, and is sent along with the form.
    """

    name: str

    def is_needed(self, tx: Tx, user: UserRecord, passed: Sequence[str]) -> bool:
        """Return whether this user has to take the step, after those that are passed."""
        ...

    def form(self, pending: "PendingSignIn") -> StepForm:
        """Return the form to fill in."""
        ...

    def take(self, pending: "PendingSignIn", given: Mapping[str, str], address: str) -> None:
        """Check what was typed, and do what the step is for.

        `address` is that of the client. Raises StepRefused, InvalidPassword, TooManyAttempts or QueueFull to have the
        step tried again.
        """
        ...


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A pending sign-in with its user and the next step."""

    record: PendingRecord
    user: UserRecord
    step: SignInStep


class PendingSignIns:
    """Starts and finds pending sign-ins; `steps` are in the order in which they are taken."""

    def __init__(self, clock: Clock, steps: Sequence[SignInStep] = ()) -> None:
        self._clock, self.steps = clock, list(steps)

    def next_step(self, tx: Tx, user: UserRecord, passed: Sequence[str] = ()) -> SignInStep | None:
        """Return the first step that this user still has to take."""
        return next((step for step in self.steps if step.is_needed(tx, user, passed)), None)

    def start(self, tx: Tx, user: UserRecord, how: str, address: str) -> str:
        """Start a pending sign-in from an address; return its id, which only the browser keeps."""
        now = self._clock.now()
        if clock_guard.may_forget(tx, now):
            pending_sign_ins.forget_expired(tx, before=now - PENDING_S)
        pending_id = secrets.token_urlsafe(32)
        pending_sign_ins.begin(tx, digest(pending_id), user.id, now, how, address)
        return pending_id

    def find(self, tx: Tx, pending_id: str) -> PendingSignIn | None:
        """Return the pending sign-in of that id; None when nothing of it is left."""
        record = self.record(tx, pending_id)
        user = users.get(tx, record.user) if record else None
        step = self.next_step(tx, user, record.passed) if user and record else None
        return PendingSignIn(record, user, step) if record and user and step else None

    def record(self, tx: Tx, pending_id: str) -> PendingRecord | None:
        """Return what is stored of the pending sign-in of that id; None when it ended."""
        return pending_sign_ins.find(tx, digest(pending_id), since=self._clock.now() - PENDING_S)
