"""Links as the people see them who have one: opened, and used to set a password."""

from contextlib import suppress

from mxlib.auth.new_passwords import NewPasswords
from mxlib.auth.password_queue import QueueFull
from mxlib.auth.passwords import agency_words
from mxlib.auth.permissions import Forbidden
from mxlib.clock import Clock
from mxlib.core import links
from mxlib.core.links import LinkEnd, LinkPurpose, OpenedLink, PageState, SetResult
from mxlib.core.mail_contents import PasswordChanged
from mxlib.core.mailbox_change import MailboxChange
from mxlib.core.mails import MailCause
from mxlib.core.password_rules import PasswordProblem, words_of
from mxlib.core.vocabulary import Action, CallerKind
from mxlib.mail.message import InvalidRecipient
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.errors import MXrouteError, RateLimited, RateLimitWait, RequestRefused, Unauthorized
from mxlib.runs.manager import NotOwner
from mxlib.services.confirmed_writes import ConfirmedWrites, OutcomeUnknown
from mxlib.services.link_maker import LinkMaker
from mxlib.services.manual_writes import MailboxLocked, ManualWrites, WriteRequest
from mxlib.services.outbox import MailNotSet, OutboxService, QueuedMail, Recipient
from mxlib.settings import Settings
from mxlib.store import Store, StoreUnavailable, Tx, hold, mailbox_locks, stored_columns
from mxlib.store import links as kept
from mxlib.store.audit import Actor
from mxlib.store.links import LinkRecord

#: Seconds after which a password may be set again that waits for an admin: a backup was restored.
_LATER_S = 600.0

#: Seconds that a person waits to try again, where nothing says how many.
_SOON_S = 60.0


class _Ended(Forbidden):
    """The link ended while its owner set the password; nothing was sent."""


class _Gone(Exception):
    """MXroute said that it has no such mailbox; nothing was set."""


class _Busy(Exception):
    """A password of the mailbox is being set.

    `after` is when that has an outcome, in seconds.
    """

    def __init__(self, after: float) -> None:
        super().__init__("A password is being set.")
        self.after = after


class PasswordLinks:
    """Opens links, and sets passwords, for the people who have one."""

    def __init__(
        self, settings: Settings, store: Store, host: MXrouteClient, manual: ManualWrites, outbox: OutboxService,
        maker: LinkMaker, clock: Clock,
    ) -> None:  # fmt: skip
        self._settings, self._store, self._clock = settings, store, clock
        self._manual, self._outbox, self._maker, self._passwords = manual, outbox, maker, NewPasswords()
        self._writes = ConfirmedWrites(host, clock, settings.timeout_s, manual.must_own)

    def open(self, token: str, *, opened: bool) -> OpenedLink:
        """Return what the page behind a link shows.

        `opened` notes that a person looked at it. It spends nothing.
        """
        now = self._clock.now()
        with self._store.read() as tx:
            record = kept.by_token(tx, token)
        if record is None:
            return OpenedLink(PageState.UNKNOWN)
        state = links.page_state(record.moments, now)
        if opened and record.opened_at is None and record.is_living(now):
            with suppress(StoreUnavailable), self._store.write() as tx:
                kept.opened(tx, record.id, now)
        stationery = self._maker.stationery(record)
        return OpenedLink(
            state, LinkPurpose(record.purpose), record.address, record.name, record.language, record.valid_from,
            record.expires_at, stationery.letterhead.help_address, stationery.letterhead.agency, stationery.server,
        )  # fmt: skip

    def set_password(self, token: str, password: str, again: str, *, address: str = "", network: str = "") -> SetResult:
        """Set the password of a mailbox, which ends its link once MXroute has accepted it.

        `address` is where the request came from, and `network` its network. Nothing that goes wrong ends the link, but
        that the mailbox is gone.
        """
        with self._store.read() as tx:
            record, held = kept.by_token(tx, token), hold.current(tx) is not None
        if record is None:
            return SetResult(done=False, state=PageState.UNKNOWN)
        state = links.page_state(record.moments, self._clock.now())
        if state is not PageState.LIVING or not LinkPurpose(record.purpose).sets_password:
            return SetResult(done=False, state=state)
        agency = self._maker.stationery(record).letterhead.agency
        words = words_of(record.address, record.name, agency, *agency_words(self._settings))
        try:
            problems = self._passwords.check(password, again, words, network)
        except QueueFull as full:
            return _not_now(full.seconds)
        if problems:
            return SetResult(done=False, problems=problems)
        if held:
            return _not_now(_LATER_S)
        try:
            self._send(record, password, address)
        except _Ended:
            return self._ended(record)
        except _Busy as busy:
            return _not_now(busy.after)
        except OutcomeUnknown as unknown:
            return SetResult(done=False, problems=(PasswordProblem.NOT_ANSWERED,), retry_after=unknown.after)
        except MailboxLocked as locked:
            return _not_now(locked.after or _SOON_S)
        except RateLimitWait as wait:
            return _not_now(wait.retry_after)
        except RateLimited as limited:
            return _not_now(limited.retry_after or _SOON_S)
        except (NotOwner, StoreUnavailable, Unauthorized):
            return SetResult(done=False, problems=(PasswordProblem.HOST_DOWN,), retry_after=_SOON_S)
        except _Gone:
            return self._gone(record)
        except RequestRefused:
            return SetResult(done=False, problems=(PasswordProblem.REFUSED,))
        except MXrouteError:
            return SetResult(done=False, problems=(PasswordProblem.HOST_DOWN,), retry_after=_SOON_S)
        return SetResult(done=True, state=PageState.SPENT)

    def _send(self, record: LinkRecord, password: str, address: str) -> None:
        """Send a password; end the link in the transaction that records it."""
        actor = Actor(record.address, CallerKind.LINK, address)
        asked = WriteRequest(
            Action.UPDATE, record.domain, record.username, password, change=MailboxChange(password=True)
        )

        def must_fit(tx: Tx) -> None:
            self._must_live(tx, record.id)
            if after := mailbox_locks.may_still_set_password(tx, record.domain, record.username, self._clock.now()):
                raise _Busy(after)

        def still() -> None:
            with self._store.read() as tx:
                self._must_live(tx, record.id)

        with self._manual.sending(actor, asked, must_fit) as write:
            if not self._writes.update(record.domain, record.username, {"password": password}, still):
                write.drop()
                raise _Gone
        write.done(also=lambda tx: self._used(tx, record))

    def _gone(self, record: LinkRecord) -> SetResult:
        """End the links of a mailbox that is gone, as a read of it shows."""
        try:
            if self._writes.is_there(record.domain, record.username):
                return SetResult(done=False, problems=(PasswordProblem.REFUSED,))
            with self._manual.writing() as tx:
                kept.end_all(tx, record.domain, record.username, LinkEnd.DELETED, self._clock.now())
        except (MXrouteError, NotOwner, StoreUnavailable):
            return SetResult(done=False, problems=(PasswordProblem.HOST_DOWN,), retry_after=_SOON_S)
        return self._ended(record)

    def _must_live(self, tx: Tx, number: int) -> None:
        record = kept.get(tx, number)
        if record is None or links.page_state(record.moments, self._clock.now()) is not PageState.LIVING:
            raise _Ended

    def _used(self, tx: Tx, record: LinkRecord) -> None:
        """End a link since its owner used it, and mail that to the recovery email."""
        now = self._clock.now()
        kept.use(tx, record.id, now)
        to = stored_columns.of_mailbox(tx, record.domain, record.username)["recovery_email"]
        if not to:
            return
        content = PasswordChanged(record.name, record.address, self._maker.stationery(record), now)
        with suppress(MailNotSet, InvalidRecipient):  # the password is set nevertheless
            mail = QueuedMail(Recipient(to, record.name), content, MailCause.PASSWORD_CHANGED)
            self._outbox.queue(tx, mail, record.address)

    def _ended(self, record: LinkRecord) -> SetResult:
        """Return the result for a link that ended meanwhile."""
        with self._store.read() as tx:
            now = kept.get(tx, record.id)
        state = PageState.UNKNOWN if now is None else links.page_state(now.moments, self._clock.now())
        return SetResult(done=False, problems=(PasswordProblem.ENDED,), state=state)


def _not_now(seconds: float) -> SetResult:
    return SetResult(done=False, problems=(PasswordProblem.BUSY,), retry_after=max(1.0, seconds))
