"""Sign users in and out, and record it in the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from mxlib.auth.new_password_step import NewPasswordStep
from mxlib.auth.password_queue import PasswordQueue
from mxlib.auth.permissions import LOCAL, Caller, Forbidden
from mxlib.auth.second_factor import SecondFactors
from mxlib.auth.second_factor_steps import CodeStep, EnrollStep, RecoveryCodesStep
from mxlib.auth.sessions import Session, Sessions
from mxlib.auth.sign_in_steps import PendingSignIn, PendingSignIns, StepsLeft
from mxlib.auth.throttle import normalise_name
from mxlib.auth.trusted_proxies import TrustedProxies, household
from mxlib.auth.users import Users
from mxlib.clock import Clock
from mxlib.core.text.sign_ins import browser, password_ended
from mxlib.core.vocabulary import AuditAction
from mxlib.settings import Settings
from mxlib.store import Store, Tx, audit, pending_sign_ins, sessions, sign_in_events
from mxlib.store import users as people
from mxlib.store.audit import Actor
from mxlib.store.sessions import SignInBefore
from mxlib.store.users import UserRecord

#: Seconds by which the clock of the provider and that of this server may differ.
LEEWAY_S = 60

#: Name in the audit log of a person who is not known: people type passwords into the wrong field.
UNKNOWN_NAME = "somebody"

#: Sentence in an open page after sign-out.
OVER = "You are signed out. Reload this page to sign in."

WRONG = "The name or the password is not right."

PENDING_ENDED = "This sign-in took over 10 minutes, or is over already: sign in again."


class SignInRefused(Exception):
    """Nobody was signed in; the message is one sentence for the person who tried."""


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """Client of a request: address, as far as proxies are trusted, and the browser's user agent."""

    address: str
    agent: str = ""


class Authenticator:
    """The one place where people are signed in and out."""

    def __init__(
        self, store: Store, clock: Clock, settings: Settings, users: Users, sessions: Sessions, *, sandbox: bool
    ) -> None:
        """Create it.

        `sandbox` means no real account, so sign-in is not required before there are users.
        """
        self.sandbox = sandbox
        self._store, self.clock, self.settings = store, clock, settings
        self.users, self.sessions, self.throttle = users, sessions, users.throttle
        self.second_factors = SecondFactors(store, clock, settings, sandbox=sandbox, woken=sessions.wake)
        self.pending = PendingSignIns(
            clock,
            [
                CodeStep(self.second_factors),
                NewPasswordStep(users, self.password_queue),
                EnrollStep(self.second_factors),
                RecoveryCodesStep(self.second_factors),
            ],
        )
        self.proxies = TrustedProxies(settings.trusted_proxies)
        #: Signs a browser's cookie while its owner is at the provider.
        self.key = store.key.cookies
        self._in_force = False
        #: Queues of password hashing: for addresses that a person signed in from before, and for others.
        self.at_home, self.strangers = PasswordQueue(places=20, per_address=5), PasswordQueue(places=6, per_address=2)

    def sign_in_required(self) -> bool:
        """Return whether people have to sign in.

        They have to as soon as there is a real account, a user or a provider, and from then on.
        """
        if not self._in_force:
            self._in_force = bool(self.settings.oidc_issuer) or not self.sandbox or self.users.any_exist()
        return self._in_force

    def caller(self, name: str | None, address: str, session: str = "") -> Caller:
        """Return the caller that the middleware named, with present permissions; raises Forbidden for nobody.

        `session` is the middleware's name of the session; once that has ended, nobody acts in it.
        """
        source = partial(self.caller, name, address, session)
        if not self.sign_in_required():
            return replace(LOCAL, source=source)
        opened_in = self.sessions.named(session) if session else None
        if session and opened_in is None:
            raise Forbidden(OVER)
        recent = opened_in is not None and self.sessions.is_recent(opened_in)
        return replace(self.users.caller(name or "", address), source=source, recent=recent)

    def password_queue(self, address: str) -> PasswordQueue:
        """Return the queue of a sign-in from this address.

        Strangers never delay people who signed in before.
        """
        return self.at_home if self.throttle.knows(address) else self.strangers

    def sign_in_with_password(self, name: str, password: str, client: ClientInfo, before: Session | None = None) -> str:
        """Sign in; return the id of the new session.

        `before` is the browser's last one, which ends. Raises SignInRefused, StepsLeft when the password alone does not
        sign in this user, TooManyAttempts when this name or this address has to wait, and QueueFull when too many wait
        already. Variants of a name count together, whether a user has it or not.
        """
        called = normalise_name(name)
        refused = self.throttle.ask(called, client.address)
        with self.password_queue(client.address).slot(household(client.address), refused):
            self.throttle.enter(called, client.address)
            known, user = self.users.find(name), self.users.verify(name, password)
        if user is None:
            why = "unknown name" if known is None else "disabled" if known.disabled_at else "wrong password"
            self.refused(known.name if known else "", client, why)
            raise SignInRefused(WRONG)
        if user.password_ends_at is not None and user.password_ends_at <= self.clock.now():
            self.refused(user.name, client, "password ended")
            raise SignInRefused(password_ended(user.password_ends_at))
        how = "by password"
        with self._store.write() as tx:
            steps_left = self.pending.next_step(tx, user) is not None
            if steps_left:
                begun = self.pending.start(tx, user, how, client.address)
            else:
                begun = self._let_in(tx, user, client, before, how)
        if steps_left:
            raise StepsLeft(begun)
        self._wake(before)
        return begun

    def find_pending(self, pending_id: str) -> PendingSignIn:
        """Return the pending sign-in of that id; raises SignInRefused when it is over."""
        with self._store.read() as tx:
            pending = self.pending.find(tx, pending_id)
        if pending is None:
            raise SignInRefused(PENDING_ENDED)
        return pending

    def take_step(
        self, pending_id: str, step: str, given: Mapping[str, str], client: ClientInfo, before: Session | None = None
    ) -> str:
        """Take one step of a pending sign-in.

        Return the id of the session that the last step begins, blank after others. Raises SignInRefused when the
        pending sign-in is over, and the errors of `SignInStep.take`. The form of a step that is not the next one
        changes nothing.
        """
        pending = self.find_pending(pending_id)
        if pending.step.name != step:
            return ""
        pending.step.take(pending, given, client.address)
        with self._store.write() as tx:
            record, user = self.pending.record(tx, pending_id), people.get(tx, pending.user.id)
            if record is None or user is None:  # over meanwhile
                raise SignInRefused(PENDING_ENDED)
            if step in record.passed:  # sent twice
                return ""
            if self.pending.next_step(tx, user, [*record.passed, step]) is not None:
                pending_sign_ins.pass_step(tx, record, step)
                return ""
            pending_sign_ins.complete(tx, record)
            how = f"{record.how} and code" if pending_sign_ins.PROOFS & {*record.passed, step} else record.how
            session_id = self._let_in(tx, user, client, before, how)
        self._wake(before)
        return session_id

    def sign_in_with_provider(
        self, user: UserRecord, client: ClientInfo, before: Session | None = None, *, signed_in_at: float | None = None
    ) -> str:
        """Sign in a person whom a provider identifies; return the id of the new session.

        `signed_in_at` is when they proved it there, which may be days ago; without it the session is not recent. Raises
        SignInRefused when they are disabled.
        """
        proved_at = self.moment_at_provider(signed_in_at)
        if user.disabled_at is not None:
            self.refused(user.name, client, "disabled")
            raise SignInRefused(f"The user {user.name} is disabled. Ask an admin.")
        with self._store.write() as tx:
            session_id = self._let_in(
                tx, user, client, before, "by the provider", by_provider=True, proved_at=proved_at
            )
        self._wake(before)
        return session_id

    def moment_at_provider(self, signed_in_at: float | None) -> float | None:
        """Return a moment that the provider reports, by this server's clock.

        None for none, and for one that is ahead by more than clocks may differ.
        """
        now = self.clock.now()
        return None if signed_in_at is None or signed_in_at > now + LEEWAY_S else min(signed_in_at, now)

    def confirms_at_provider(self, session: Session) -> bool:
        """Return whether the user of a session confirms at the provider, not by password."""
        user = self.users.find(session.name)
        return bool(self.settings.oidc_issuer) and (session.by_provider or user is None or not user.has_password)

    def asks_for_code(self, session: Session) -> bool:
        """Return whether a confirmation needs a code besides the password."""
        user = self.users.find(session.name)
        with self._store.read() as tx:
            return user is not None and self.second_factors.is_asked(tx, user)

    def confirm(self, session: Session, password: str, code: str, address: str) -> None:
        """Accept password and code, which confirm who a session's user is.

        Only users with a second factor need a code. Raises SignInRefused, StepRefused, TooManyAttempts and QueueFull.
        """
        if session.by_provider and self.confirms_at_provider(session):
            raise SignInRefused("You signed in at the provider. Confirm there who you are.")
        refused = self.throttle.ask(session.name, address)
        with self.password_queue(address).slot(household(address), refused):
            self.throttle.enter(session.name, address)
            user = self.users.verify(session.name, password)
        if user is None:
            actor = Actor(session.name, address=address)
            with self._store.write() as tx:
                audit.record(tx, actor, AuditAction.IDENTITY_REFUSED, at=self.clock.now(), on=session.name)
                people.count_refusal(tx, session.name)
            raise SignInRefused("The password is not right.")
        if self.asks_for_code(session):
            self.second_factors.check(user, code, address)
        self.prove(session, address, "by password")

    def prove(self, session: Session, address: str, how: str, *, at: float | None = None) -> None:
        """Record that a session's user confirmed who they are, now or `at`.

        It counts for 15 minutes.
        """
        with self._store.write() as tx:
            sessions.prove(tx, session.digest, self.clock.now() if at is None else at)
            self.throttle.forgive(tx, session.name, address)
            actor = Actor(session.name, address=address)
            audit.record(tx, actor, AuditAction.IDENTITY_CONFIRM, at=self.clock.now(), on=session.name, outcome=how)

    def refused(self, name: str, client: ClientInfo, why: str) -> None:
        """Record a sign-in that was refused; `name` is that of a user, or blank."""
        with self._store.write() as tx:
            actor = Actor(name or UNKNOWN_NAME, address=client.address)
            audit.record(tx, actor, AuditAction.SIGN_IN_REFUSED, at=self.clock.now(), on=name, outcome=why)
            people.count_refusal(tx, name)

    def sign_out(self, session: Session, address: str) -> None:
        """Sign out in this browser: its open pages close at once."""
        with self._store.write() as tx:
            actor = Actor(session.name, address=address)
            audit.record(tx, actor, AuditAction.SIGN_OUT, at=self.clock.now(), on=session.name)
            sessions.end(tx, session.digest)
        self.sessions.wake([session.digest])

    def sign_out_everywhere(self, session: Session, address: str) -> None:
        """Sign out in every browser that this user is signed in with."""
        with self._store.write() as tx:
            actor = Actor(session.name, address=address)
            audit.record(tx, actor, AuditAction.SIGN_OUT_EVERYWHERE, at=self.clock.now(), on=session.name)
            ended = sessions.end_all(tx, session.user)
        self.sessions.wake(ended)

    def _let_in(
        self, tx: Tx, user: UserRecord, client: ClientInfo, before: Session | None, how: str, *,
        by_provider: bool = False, proved_at: float | None = None,
    ) -> str:  # fmt: skip
        last = SignInBefore(user.last_sign_in_at, user.last_sign_in_from, user.refused_since)
        session_id = self.sessions.start(
            tx, user.id, client.address, client.agent, last, by_provider=by_provider, proved_at=proved_at
        )
        now, address = self.clock.now(), client.address
        people.change(tx, user.id, last_sign_in_at=now, last_sign_in_from=address, refused_since=0)
        self.throttle.forgive(tx, user.name, client.address)
        actor = Actor(user.name, address=client.address)
        audit.record(tx, actor, AuditAction.SIGN_IN, at=self.clock.now(), on=user.name, outcome=how)
        if user.admin:
            sign_in_events.note(tx, user.name, browser(client.agent), household(address), address, now)
        if before is not None:
            sessions.end(tx, before.digest)
        return session_id

    def _wake(self, before: Session | None) -> None:
        """Close the open pages of the session that another one has replaced."""
        if before is not None:
            self.sessions.wake([before.digest])
