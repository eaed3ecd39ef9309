"""Second factor of people with a password: codes of an authenticator app, and recovery codes.

The app and this server share a secret, from which both compute a code of six digits for each 30 seconds (TOTP).
"""

import base64
import hmac
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil

import pyotp

from mxlib.auth.authority import resolves_callers
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.auth.sign_in_steps import StepRefused
from mxlib.auth.throttle import Backoff, TooManyAttempts
from mxlib.auth.tokens import digest
from mxlib.clock import Clock
from mxlib.core.vocabulary import AuditAction, CallerKind, SecondFactorMode
from mxlib.settings import Settings
from mxlib.store import Store, Tx, audit, second_factors, sessions, users
from mxlib.store.audit import Actor
from mxlib.store.encryption import DecryptionFailed
from mxlib.store.users import UserRecord

#: Name of the account in the authenticator app.
ISSUER = "MXM"

#: Digits of a code, seconds for which it is valid, and steps by which a phone's clock may differ.
DIGITS, STEP_S, DRIFT = 6, 30, 1

#: Only a person who knows the password can have a code refused, so the owner cannot be locked out by strangers.
OF_CODE = Backoff(free=5, most=3600.0)

#: Recovery codes: no character looks like another one; 16 of them have 79 random bits.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
CODES, CODE_LENGTH, _GROUP = 10, 16, 4

WRONG_CODE = "The code is not right, or was used already. Wait for the next one, and check the clock of your phone."
WRONG_RECOVERY_CODE = "This recovery code is not right, or was used already. Type another one, or ask an admin."
WRONG_FIRST_CODE = "The code is not right. Scan the QR code again, and check the clock of your phone."
KEY_CHANGED = "The server key has changed, so it knows no code of your app. Use a recovery code, or ask an admin."

_CHANGERS = frozenset({Permission.SUPPORT, Permission.IMPORT, Permission.DELETE})


@dataclass(frozen=True, slots=True)
class FactorState:
    """The second factor of a user: since when, and how many recovery codes are left."""

    enrolled_at: float
    codes_left: int


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A secret that an authenticator app has to take over before it counts."""

    secret: str = field(repr=False)
    #: The secret with its account, as the QR code holds it.
    address: str = field(repr=False)


@resolves_callers
class SecondFactors:
    """Enrolls second factors, checks their codes and resets them."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        *,
        sandbox: bool,
        woken: Callable[[Collection[bytes]], None] = lambda _digests: None,
    ) -> None:
        """Create it; `woken` gets the digests of sessions that ended.

        `sandbox` means no real account, so the factor is optional unless set otherwise.
        """
        self._store, self._clock, self._woken = store, clock, woken
        usual = SecondFactorMode.OPTIONAL if sandbox else SecondFactorMode.REQUIRED
        self.mode = SecondFactorMode(settings.second_factor or usual)

    def is_required(self, user: UserRecord) -> bool:
        """Return whether this user has to have a second factor: an admin, or one who may change mailboxes."""
        changes = any(_CHANGERS.intersection(rights) for rights in user.permissions.values())
        return self.mode is SecondFactorMode.REQUIRED and user.has_password and (user.admin or changes)

    def is_asked(self, tx: Tx, user: UserRecord) -> bool:
        """Return whether this user needs a code besides the password."""
        return self.mode is not SecondFactorMode.OFF and second_factors.find(tx, user.id) is not None

    def state(self, user: UserRecord) -> FactorState | None:
        """Return the second factor of a user; None without one."""
        with self._store.read() as tx:
            record = second_factors.find(tx, user.id)
            return FactorState(record.enrolled_at, second_factors.codes_left(tx, user.id)) if record else None

    def enrolled(self) -> dict[int, float]:
        """Return the users who have a second factor, each with the time of enrollment."""
        with self._store.read() as tx:
            return second_factors.enrolled(tx)

    def enrollment(self, user: UserRecord, browser: bytes) -> Enrollment:
        """Return the secret to enroll in a browser.

        `browser` is the digest of its session or pending sign-in. The secret is the same until an enrollment is
        complete, so that a page can be drawn again. Nothing is stored.
        """
        with self._store.read() as tx:
            secret = self._offered_secret(tx, user, browser)
        return Enrollment(secret, pyotp.TOTP(secret).provisioning_uri(name=user.name, issuer_name=ISSUER))

    def enroll(self, user: UserRecord, browser: bytes, code: str, address: str) -> tuple[str, ...]:
        """Enroll the app that shows `code`, in place of any other; return new recovery codes.

        When a browser sends its form twice, the second one gets the same codes. Raises StepRefused.
        """
        now, actor = self._clock.now(), Actor(user.name, address=address)
        with self._store.write() as tx:
            if self._enrolled_it(tx, user, code, now) and (made := self._codes_of_enrollment(tx, user, browser)):
                return tuple(map(_readable, made))
            secret = self._offered_secret(tx, user, browser)  # of no use if another browser enrolled meanwhile
            step = _matching(secret, _plain(code), now)
            if step is None:
                raise StepRefused(WRONG_FIRST_CODE)
            second_factors.enroll(tx, user.id, self._store.key.seal(secret.encode(), _place(user)), now, step)
            made = self._first_codes(user, browser, now)
            second_factors.replace_codes(tx, user.id, [digest(code) for code in made])
            audit.record(tx, actor, AuditAction.SECOND_FACTOR_ENROLL, at=now, on=user.name)
        return tuple(map(_readable, made))

    def codes_of_enrollment(self, user: UserRecord, browser: bytes) -> tuple[str, ...]:
        """Return the recovery codes of an enrollment in this browser; empty once they changed."""
        with self._store.read() as tx:
            return tuple(map(_readable, self._codes_of_enrollment(tx, user, browser)))

    def _codes_of_enrollment(self, tx: Tx, user: UserRecord, browser: bytes) -> tuple[str, ...]:
        record = second_factors.find(tx, user.id)
        made = self._first_codes(user, browser, record.enrolled_at) if record else ()
        return made if second_factors.has_codes(tx, user.id, list(map(digest, made))) else ()

    def _first_codes(self, user: UserRecord, browser: bytes, since: float) -> tuple[str, ...]:
        """Return the recovery codes of an enrollment, derived from the server key.

        The browser's digest is part of the derivation, so they can be shown again to this browser alone, while its
        session or pending sign-in lasts.
        """
        secret = self._store.key.factor_secret
        return tuple(_as_code(secret("recovery code", number, user.id, since, browser)) for number in range(CODES))

    def _enrolled_it(self, tx: Tx, user: UserRecord, code: str, now: float) -> bool:
        """Return whether exactly this code has enrolled the present app, and nothing was typed since."""
        record = second_factors.find(tx, user.id)
        with suppress(DecryptionFailed):
            secret = self._store.key.open(record.sealed_secret, _place(user)).decode() if record else ""
            return record is not None and _matching(secret, _plain(code), now) == record.last_step
        return False

    def _offered_secret(self, tx: Tx, user: UserRecord, browser: bytes) -> str:
        record = second_factors.find(tx, user.id)
        since = record.enrolled_at if record else 0.0
        secret = self._store.key.factor_secret("app", user.id, since, browser)
        return base64.b32encode(secret[:20]).decode()

    def check(self, user: UserRecord, code: str, address: str) -> None:
        """Accept a code of the app, or a recovery code, for this one time.

        Raises StepRefused, and TooManyAttempts after several wrong ones.
        """
        typed, now, actor = _plain(code), self._clock.now(), Actor(user.name, address=address)
        of_app = len(typed) == DIGITS
        why = WRONG_CODE if of_app else WRONG_RECOVERY_CODE
        with self._store.write() as tx:
            record = second_factors.find(tx, user.id)
            if record is None:
                raise StepRefused(WRONG_CODE)
            if wait := OF_CODE.wait([record.wrong_at] * record.wrong, now):
                raise TooManyAttempts(ceil(wait))
            if of_app:
                try:
                    secret = self._store.key.open(record.sealed_secret, _place(user)).decode()
                    step = _matching(secret, typed, now)
                except DecryptionFailed:
                    why, step = KEY_CHANGED, None
                right = step is not None and step > record.last_step
            else:
                step, right = record.last_step, second_factors.use_code(tx, user.id, digest(typed))
            if right and step is not None:
                second_factors.accept(tx, user.id, step)
                if not of_app:
                    left = f"{second_factors.codes_left(tx, user.id)} left"
                    audit.record(tx, actor, AuditAction.RECOVERY_CODE_USE, at=now, on=user.name, outcome=left)
                return
            second_factors.count_wrong(tx, user.id, now)
            users.count_refusal(tx, user.name)
            audit.record(tx, actor, AuditAction.SECOND_FACTOR_REFUSED, at=now, on=user.name)
        raise StepRefused(why)

    def new_recovery_codes(self, user: UserRecord, address: str) -> tuple[str, ...]:
        """Return new recovery codes; the others no longer work. Raises StepRefused without a second factor."""
        made, now = _new_codes(), self._clock.now()
        with self._store.write() as tx:
            if second_factors.find(tx, user.id) is None:
                raise StepRefused("You have no second factor yet. Set it up first.")
            second_factors.replace_codes(tx, user.id, [digest(code) for code in made])
            actor = Actor(user.name, address=address)
            audit.record(tx, actor, AuditAction.RECOVERY_CODES_MAKE, at=now, on=user.name)
        return tuple(map(_readable, made))

    def are_recovery_codes(self, user: UserRecord, given: Collection[str]) -> bool:
        """Return whether exactly these are the recovery codes of a user."""
        with self._store.read() as tx:
            return second_factors.has_codes(tx, user.id, [digest(_plain(code)) for code in given])

    def reset(self, by: Caller, number: int) -> None:
        """Remove another user's second factor and sign them out.

        They enroll a new one at the next sign-in. Raises InvalidPassword for one's own, and for a user without one.
        """
        if by.kind == CallerKind.TOKEN or not by.admin:
            raise Forbidden("Only admins reset second factors. Ask an admin.")
        by.require_recent()
        with self._store.write() as tx:
            user = users.get(tx, number)
            if user is None:
                raise InvalidPassword(f"There is no user {number}. Look at the list of users again.")
            if user.name == by.name:
                raise InvalidPassword(
                    "You cannot reset your own second factor. Replace it under You, or ask another admin."
                )
            if not second_factors.remove(tx, number):
                raise InvalidPassword(
                    f"{user.name} has no second factor, so there is nothing to reset. Reload the page."
                )
            audit.record(tx, by, AuditAction.SECOND_FACTOR_RESET, at=self._clock.now(), on=user.name)
            ended = sessions.end_all(tx, number)
        self._woken(ended)


def _place(user: UserRecord) -> str:
    return f"second factor of user {user.id}"


def _matching(secret: str, typed: str, now: float) -> int | None:
    """Return the time step whose code was typed; None for none that is near."""
    totp, current = pyotp.TOTP(secret), int(now) // STEP_S
    steps = range(current - DRIFT, current + DRIFT + 1)
    matches = [
        step for step in steps if hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode(errors="replace"))
    ]
    return matches[-1] if matches else None


def _as_code(secret: bytes) -> str:
    """Return a recovery code made of a keyed hash, which has far more bits."""
    number, code = int.from_bytes(secret), ""
    for _ in range(CODE_LENGTH):
        number, at = divmod(number, len(ALPHABET))
        code += ALPHABET[at]
    return code


def _new_codes() -> tuple[str, ...]:
    return tuple("".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES))


def _readable(code: str) -> str:
    """Return a recovery code in groups, as people read and type it."""
    return "-".join(code[at : at + _GROUP] for at in range(0, CODE_LENGTH, _GROUP))


def _plain(typed: str) -> str:
    """Return one form for the ways to type a code: without blanks and hyphens, in lower case."""
    return "".join(typed.split()).replace("-", "").lower()
