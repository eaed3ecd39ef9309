"""Letters with links, for people whom no mail reaches, or a letter sooner."""

from collections.abc import Iterable

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.core import links
from mxlib.core.files.errors import Unread
from mxlib.core.handover.letters import PrintedLink, Recipient
from mxlib.core.handover.texts import TextKind
from mxlib.core.links import LinkPurpose
from mxlib.core.text import links as texts
from mxlib.core.text import run_status
from mxlib.core.vocabulary import AuditAction
from mxlib.runs.manager import InvalidState
from mxlib.services import handover_files
from mxlib.services.exports import File, NotFound
from mxlib.services.handover_files import FileOptions
from mxlib.services.handover_texts import HandoverTexts
from mxlib.services.link_facts import LinkFacts
from mxlib.services.link_maker import LinkMaker
from mxlib.services.runs import RunService
from mxlib.store import Store, Tx, audit
from mxlib.store import links as kept
from mxlib.store.links import LinkRecord

#: What asks for the people without a mail alone, in an address.
UNMAILED = "unmailed"


@resolves_callers
class LinkLetters:
    """Prints the links of a run. Each is audited like one that is copied."""

    def __init__(
        self, store: Store, facts: LinkFacts, maker: LinkMaker, stationery: HandoverTexts, runs: RunService,
        clock: Clock, server: str,
    ) -> None:  # fmt: skip
        self._store, self._clock, self._server = store, clock, server
        self._facts, self._maker, self._texts, self._runs = facts, maker, stationery, runs

    def make(self, caller: Caller, run: int, options: FileOptions, *, only_unmailed: bool = False) -> File:
        """Return a letter for each person of a run whose link lives, as a PDF.

        `only_unmailed`: for those whose link no mail has. Raises NotRecent, NotFound, and InvalidState where nobody
        gets a letter.
        """
        if self._runs.get(caller, run) is None:
            raise NotFound(texts.NO_RUN)
        caller.require_recent()
        with self._store.write() as tx:
            found = [each for each in self._living(tx, caller, run) if not (only_unmailed and each.recipient)]
            if len(found) > handover_files.MAX_LETTERS:
                raise InvalidState(run_status.too_many_letters(len(found), handover_files.MAX_LETTERS))
            people = [person for each in found if (person := self._print(tx, caller, each)) is not None]
            if not people:
                raise InvalidState(texts.NO_LETTERS)
        domains = {each.address.rpartition("@")[2] for each in people}
        stationery = self._texts.stationery(TextKind.LETTER, domains, language=options.language)
        try:
            content = handover_files.make(people, handover_files.LETTERS, self._server, run, stationery, options.paper)
        except Unread as error:
            raise InvalidState(run_status.LETTERS_NOT_MADE) from error
        return File(f"link-letters-run-{run}.pdf", content)

    def _living(self, tx: Tx, caller: Caller, run: int) -> Iterable[LinkRecord]:
        """Yield the links that letters can have, where the caller may support mailboxes."""
        now = self._clock.now()
        for each in kept.newest_of_run(tx, run):
            if not caller.may(Permission.SUPPORT, each.domain):
                continue
            if links.may_print(each.moments, LinkPurpose(each.purpose), each.send_at, now):
                yield each

    def _print(self, tx: Tx, caller: Caller, record: LinkRecord) -> Recipient | None:
        """Return the person of a link with it; None where it may not be used."""
        now = self._clock.now()
        if self._facts.reason_to_end(tx, record) is not None:
            return None
        token = kept.token(self._store.key, record)
        if token is None:
            token = kept.make_token(tx, self._store.key, record.id, now)
        audit.record(tx, caller, AuditAction.LINK_LETTER, at=now, on=record.address, run=record.run)
        later = record.valid_from if record.valid_from > now else None
        return Recipient(
            record.name, record.address, link=PrintedLink(self._maker.url(token), record.expires_at, later)
        )
