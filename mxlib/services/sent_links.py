"""Links as callers see them: the people of a run, what happened to the link of each, and what can be done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.core import links
from mxlib.core.links import LinkEnd, LinkOptions, LinkPurpose, LinkStatus
from mxlib.core.mails import MailProblem
from mxlib.core.text import links as texts
from mxlib.core.text import mails as mail_texts
from mxlib.core.vocabulary import AuditAction
from mxlib.runs.manager import InvalidState
from mxlib.services.exports import NotFound
from mxlib.services.link_facts import LinkFacts
from mxlib.services.link_maker import LinkMaker
from mxlib.services.runs import RunService
from mxlib.store import Store, Tx, audit
from mxlib.store import links as kept
from mxlib.store.links import LinkRecord, NewLink

#: Links that one answer lists.
LISTED = 500


@dataclass(frozen=True, slots=True)
class LinkPerson:
    """One person of a board: their newest link, and what happened to it; times in Unix seconds, None = not (yet)."""

    id: int
    address: str
    name: str
    recipient: str
    status: LinkStatus
    send_at: float
    valid_from: float
    expires_at: float
    sent_at: float | None = None
    opened_at: float | None = None
    set_at: float | None = None
    #: Why its mail was refused or waits, or why the link ended; blank otherwise.
    happened: str = ""
    end: LinkEnd | None = None
    purpose: LinkPurpose = LinkPurpose.INVITE
    run: int | None = None
    #: Whether their living link may be mailed once more, or may not since its last mail is too young.
    can_be_reminded: bool = False
    was_mailed_lately: bool = False
    #: Whether their link has ended unused, and the mailbox may get another one.
    can_get_another: bool = False
    #: Whether a letter can have their link.
    can_be_printed: bool = False

    @property
    def is_done(self) -> bool:
        """Return whether the person has set their password."""
        return self.status is LinkStatus.SET


@dataclass(frozen=True, slots=True)
class LinkBoard:
    """The people of a run of links, as far as the caller may see them.

    `hidden` counts the others.
    """

    run: int
    people: tuple[LinkPerson, ...] = ()
    hidden: int = 0

    @property
    def done(self) -> int:
        """Count the people who have set theirs."""
        return sum(each.is_done for each in self.people)

    @property
    def left(self) -> int:
        """Count the people who have not."""
        return len(self.people) - self.done

    @property
    def to_remind(self) -> tuple[LinkPerson, ...]:
        """Return the people whose links can be mailed again."""
        return tuple(each for each in self.people if each.can_be_reminded)

    @property
    def to_send_again(self) -> tuple[LinkPerson, ...]:
        """Return the people whose link has ended, and who may get another one."""
        return tuple(each for each in self.people if each.can_get_another)

    @property
    def to_print(self) -> tuple[LinkPerson, ...]:
        """Return the people whose links letters can have."""
        return tuple(each for each in self.people if each.can_be_printed)

    @property
    def mailed_lately(self) -> int:
        """Count the people who are not reminded yet, since their last mail is too young."""
        return sum(each.was_mailed_lately for each in self.people)

    @property
    def text(self) -> str:
        """Return how far they are."""
        asks = any(each.purpose is LinkPurpose.RECOVERY_EMAIL for each in self.people)
        return (texts.asked_summary if asks else texts.summary)(self.done, self.left)


@dataclass(frozen=True, slots=True)
class Reminded:
    """The people who are reminded, and those whose last mail is too young."""

    people: int
    mailed_lately: int


@resolves_callers
class SentLinks:
    """Shows callers what happened to links; resends, revokes and copies them, and reminds people."""

    def __init__(self, store: Store, facts: LinkFacts, maker: LinkMaker, runs: RunService, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._facts, self._maker, self._runs = facts, maker, runs

    def board(self, caller: Caller, run: int) -> LinkBoard:
        """Return the people of a run of links, or of an import.

        Raises NotFound.
        """
        if self._runs.get(caller, run) is None:
            raise NotFound(texts.NO_RUN)
        with self._store.read() as tx:
            found = kept.newest_of_run(tx, run)
            mine = [each for each in found if caller.may(Permission.SUPPORT, each.domain)]
            another = self._may_get_another(tx, mine)
        people = (replace(self._person(each), can_get_another=each.id in another) for each in mine)
        return LinkBoard(run, tuple(people), len(found) - len(mine))

    def _may_get_another(self, tx: Tx, records: Iterable[LinkRecord]) -> set[int]:
        """Return the links that ended unused, and whose mailboxes may get another one.

        A letter or a copy can bring it where no mail can.
        """
        now = self._clock.now()
        ended = [
            each for each in records
            if each.set_at is None and each.purpose == LinkPurpose.INVITE and not each.is_living(now)
        ]  # fmt: skip
        refusals = self._facts.refusals(tx, ended)
        return {each.id for each in ended if (reason := refusals.get(each.id)) is None or reason.lacks_address}

    def get(self, caller: Caller, number: int) -> LinkPerson:
        """Return one link; raises NotFound."""
        return self._person(self._visible(caller, number))

    def latest(self, caller: Caller, number: int) -> LinkPerson:
        """Return the newest link of the mailbox and purpose of a link; raises NotFound."""
        record = self._visible(caller, number)
        with self._store.read() as tx:
            found = kept.of_mailbox(tx, record.domain, record.username, LISTED)
        return self._person(next(each for each in found if each.purpose == record.purpose))

    def newest(self, caller: Caller) -> tuple[LinkPerson, ...]:
        """Return the newest links in domains where the caller may support mailboxes, newest first."""
        with self._store.read() as tx:
            domains = (
                None if caller.admin else [name for name in kept.domains(tx) if caller.may(Permission.SUPPORT, name)]
            )
            return tuple(map(self._person, kept.newest(tx, LISTED, domains)))

    def version(self, caller: Caller, run: int) -> tuple[object, ...]:
        """Return a value that differs once something happened to a link of a run.

        Raises NotFound.
        """
        if self._runs.get(caller, run) is None:
            raise NotFound(texts.NO_RUN)
        with self._store.read() as tx:
            return kept.version(tx, run)

    def of_mailbox(self, caller: Caller, domain: str, username: str, *, most: int = 20) -> tuple[LinkPerson, ...]:
        """Return the newest links of a mailbox, newest first."""
        caller.require(Permission.SUPPORT, domain)
        with self._store.read() as tx:
            return tuple(map(self._person, kept.of_mailbox(tx, domain, username, most)))

    def resend(self, caller: Caller, number: int) -> str:
        """Send a new link in place of an earlier one, which ends; return a sentence.

        Raises NotFound, and InvalidState where the mailbox gets no link now, or its password was set with this one.
        """
        record = self._visible(caller, number)
        stationery = self._maker.stationery(record)
        with self._store.write() as tx:
            now = self._clock.now()
            record = self._record(tx, number)
            if record.set_at is not None:
                raise InvalidState(texts.ALREADY_SET)
            facts = self._facts.of_link(tx, record)
            # It was said that mail to this address arrives, not to one that has taken its place since.
            is_same = record.recipient.lower() in {facts.recovery_email.lower(), record.address}
            options = LinkOptions(mail_arrives=is_same, purpose=LinkPurpose(record.purpose))
            domains = self._facts.account_domains(tx, [record.domain])
            reason = self._facts.refusal(facts, options, domains)
            if reason is not None and not (reason.lacks_address and not record.recipient):
                raise InvalidState(texts.REFUSALS[reason])
            to = facts.recovery_email if record.recipient and record.recipient != record.address else record.recipient
            life = record.expires_at - record.valid_from
            new = NewLink(
                LinkPurpose(record.purpose), record.domain, record.username, record.name, to, record.language, now,
                now, now + life, record.run, record.source,
            )  # fmt: skip
            made = self._record(tx, kept.add(tx, new, who=caller.name, at=now))
            tokens = {made.id: kept.make_token(tx, self._store.key, made.id, now)}
            if to:
                self._maker.mail(tx, [made], tokens, stationery, caller.name)
            audit.record(tx, caller, AuditAction.LINK_RESEND, at=now, on=record.address, run=record.run)
        return texts.resent(record.address)

    def revoke(self, caller: Caller, number: int) -> str:
        """End a link; return a sentence. One that has ended stays as it is."""
        record = self._visible(caller, number)
        now = self._clock.now()
        with self._store.write() as tx:
            if kept.end(tx, number, LinkEnd.REVOKED, now):
                audit.record(tx, caller, AuditAction.LINK_REVOKE, at=now, on=record.address, run=record.run)
        return texts.revoked(record.address)

    def remind(self, caller: Caller, run: int) -> Reminded:
        """Mail the living links of those who have not set theirs once more.

        Those whose last mail is too young get none.
        """
        board = self.board(caller, run)
        people = {each.id for each in board.to_remind}
        with self._store.read() as tx:
            waiting = [each for each in kept.newest_of_run(tx, run) if each.id in people]
        reminded = 0
        for group in links.in_mails((each.recipient, f"{each.language} {each.purpose}", each) for each in waiting):
            reminded += self._remind(current(caller), group)
        return Reminded(reminded, board.mailed_lately)

    def _remind(self, caller: Caller, group: Sequence[LinkRecord]) -> int:
        stationery = self._maker.stationery(group[0])
        with self._store.write() as tx:
            now = self._clock.now()
            fresh = [self._record(tx, each.id) for each in group if caller.may(Permission.SUPPORT, each.domain)]
            due = [each for each in fresh if links.may_remind(each.moments, now)]
            living = [each for each in due if self._facts.reason_to_end(tx, each) is None]
            tokens = {each.id: found for each in living if (found := kept.token(self._store.key, each)) is not None}
            mailed = [each for each in living if each.id in tokens]
            if mailed:
                self._maker.mail(tx, mailed, tokens, stationery, caller.name, is_reminder=True)
            for each in mailed:
                audit.record(tx, caller, AuditAction.LINK_REMIND, at=now, on=each.address, run=each.run)
        return len(mailed)

    def copy_link(self, caller: Caller, number: int) -> str:
        """Return the address of a living link, to be shown once; it is audited.

        Raises NotRecent, NotFound, and InvalidState for a link that is not made yet, or has ended.
        """
        caller.require_recent()
        self._visible(caller, number)
        with self._store.write() as tx:
            now = self._clock.now()
            record = self._record(tx, number)
            if not record.is_living(now):
                raise InvalidState(texts.ENDED)
            token = kept.token(self._store.key, record)
            if token is None and not record.recipient and self._maker.is_still_due(tx, record, now):
                token = kept.make_token(tx, self._store.key, number, now)
            if token is None:
                raise InvalidState(texts.NOT_MADE)
            audit.record(tx, caller, AuditAction.LINK_COPY, at=now, on=record.address, run=record.run)
        return self._maker.url(token, LinkPurpose(record.purpose))

    def _person(self, record: LinkRecord) -> LinkPerson:
        now, moments = self._clock.now(), record.moments
        status = links.status(moments, now)
        end = LinkEnd(record.end) if record.end else None
        happened = ""
        if status in {LinkStatus.REFUSED, LinkStatus.DELAYED} and record.mail_problem in set(MailProblem):
            happened = mail_texts.problem(MailProblem(record.mail_problem), record.mail_code, record.words)
        elif end is not LinkEnd.SET and record.set_at is not None:
            happened = texts.SET_BY_OTHER
        elif end is not None and end is not LinkEnd.SET:
            happened = texts.ENDS[end]
        return LinkPerson(
            record.id, record.address, record.name, record.recipient, status, record.send_at, record.valid_from,
            record.expires_at, record.sent_at, record.opened_at, record.set_at, happened, end,
            LinkPurpose(record.purpose), record.run, links.may_remind(moments, now),
            links.is_living(moments, now) and links.was_mailed_lately(moments, now),
            can_be_printed=links.may_print(moments, LinkPurpose(record.purpose), record.send_at, now),
        )  # fmt: skip

    def _visible(self, caller: Caller, number: int) -> LinkRecord:
        with self._store.read() as tx:
            record = kept.get(tx, number)
        if record is None or not caller.may(Permission.SUPPORT, record.domain):
            raise NotFound(texts.NO_LINK)
        return record

    def _record(self, tx: Tx, number: int) -> LinkRecord:
        record = kept.get(tx, number)
        if record is None:
            raise NotFound(texts.NO_LINK)
        return record
