"""The steps of a sign-in that belong to the second factor: a code, the enrollment, its recovery codes."""

from collections.abc import Mapping, Sequence
from html import escape

import segno

from mxlib.auth.page_templates import template
from mxlib.auth.second_factor import Enrollment, SecondFactors
from mxlib.auth.sign_in_steps import PendingSignIn, StepForm
from mxlib.store import Tx, pending_sign_ins
from mxlib.store.users import UserRecord

REQUIRED = "To change mailboxes here, you sign in with your password and a code from your phone."

CODES_GONE = "Your recovery codes have changed since. Make new ones under You on Team and API."

ENROLLED = "Your second factor is set up. From now on you sign in with a code as well."


class CodeStep:
    """Asks a user who has a second factor for a code."""

    name = "code"

    def __init__(self, factors: SecondFactors) -> None:
        self._factors = factors

    def is_needed(self, tx: Tx, user: UserRecord, passed: Sequence[str]) -> bool:
        """Return whether a code is left to type; enrollment proved one already."""
        return not pending_sign_ins.PROOFS.intersection(passed) and self._factors.is_asked(tx, user)

    def form(self, _pending: PendingSignIn) -> StepForm:
        """Return the form with one field, for both kinds of codes."""
        return StepForm("Enter your code", template("code.html").substitute())

    def take(self, pending: PendingSignIn, given: Mapping[str, str], address: str) -> None:
        """Check the code."""
        self._factors.check(pending.user, given.get("code", ""), address)


class EnrollStep:
    """Lets a user set up a second factor, where one is required."""

    name = "enroll"

    def __init__(self, factors: SecondFactors) -> None:
        self._factors = factors

    def is_needed(self, tx: Tx, user: UserRecord, _passed: Sequence[str]) -> bool:
        """Return whether a second factor is required and missing."""
        return self._factors.is_required(user) and not self._factors.is_asked(tx, user)

    def form(self, pending: PendingSignIn) -> StepForm:
        """Return the form with the QR code."""
        return enrollment_form(self._factors.enrollment(pending.user, pending.record.digest), REQUIRED)

    def take(self, pending: PendingSignIn, given: Mapping[str, str], address: str) -> None:
        """Enroll the app."""
        self._factors.enroll(pending.user, pending.record.digest, given.get("code", ""), address)


class RecoveryCodesStep:
    """Shows the recovery codes of an enrollment until the user goes on."""

    name = "recovery codes"

    def __init__(self, factors: SecondFactors) -> None:
        self._factors = factors

    def is_needed(self, _tx: Tx, _user: UserRecord, passed: Sequence[str]) -> bool:
        """Return whether this sign-in enrolled, and its codes were not read yet."""
        return EnrollStep.name in passed and self.name not in passed

    def form(self, pending: PendingSignIn) -> StepForm:
        """Return the codes with a button to go on."""
        codes = self._factors.codes_of_enrollment(pending.user, pending.record.digest)
        shown = recovery_codes(codes, ENROLLED) if codes else f"<p>{escape(CODES_GONE)}</p>"
        return StepForm("Recovery codes", f"{shown}<button>I have saved them, go on</button>")

    def take(self, _pending: PendingSignIn, _given: Mapping[str, str], _address: str) -> None:
        """Let the sign-in go on."""


def enrollment_form(enrollment: Enrollment, why: str) -> StepForm:
    """Return the form to enroll an app, with the secret as picture and as text."""
    picture = segno.make(enrollment.address, error="m").svg_inline(scale=4, border=3, light="#fff", omitsize=True)
    groups = " ".join(enrollment.secret[at : at + 4] for at in range(0, len(enrollment.secret), 4))
    fields = template("enroll.html").substitute(why=escape(why), picture=picture, key=escape(groups))
    return StepForm("Set up a second factor", fields)


def recovery_codes(codes: Sequence[str], done: str) -> str:
    """Return the fields of a form that shows and saves recovery codes."""
    return template("recovery_codes.html").substitute(
        done=escape(done), codes=escape("\n".join(codes)), joined=escape(" ".join(codes))
    )
