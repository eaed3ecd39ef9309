"""Facts about mailboxes that decide whether they get a link, or keep one."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from mxlib.core import addresses, links
from mxlib.core.links import LinkEnd, LinkOptions, LinkPurpose, LinkRefusal, MailboxFacts
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.store import Tx, mailbox_lists, mailbox_locks, stored_columns
from mxlib.store.links import LinkRecord


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """The facts that decide about the mailboxes of one domain, as MXM knows them."""

    recovery: Mapping[str, str]
    names: Mapping[str, str]
    locked: frozenset[str]
    being_locked: frozenset[str]
    usernames: frozenset[str] | None


class LinkFacts:
    """Finds what decides whether a mailbox gets a link."""

    def __init__(self, lists: MailboxLists, panel_user: str) -> None:
        self._lists, self._panel_user = lists, panel_user

    def account_domains(self, tx: Tx, asked: Iterable[str]) -> frozenset[str]:
        """Return the domains of the account.

        Those that are asked for while they were never read.
        """
        listed = mailbox_lists.domains(tx)
        return frozenset(listed.names) if listed else frozenset(asked)

    def of_domain(self, tx: Tx, domain: str) -> DomainFacts:
        """Return the facts about the mailboxes of a domain."""
        listed = self._lists.usernames_in(tx, [domain])
        being_locked = mailbox_locks.being_locked(tx, domain)
        locked = {*mailbox_locks.of_domain(tx, domain), *being_locked}
        return DomainFacts(
            stored_columns.of_domain(tx, "recovery_email", domain), stored_columns.of_domain(tx, "name", domain),
            frozenset(locked), frozenset(being_locked), listed.get(domain),
        )  # fmt: skip

    def of_link(self, tx: Tx, record: LinkRecord) -> MailboxFacts:
        """Return the facts about the mailbox of a link."""
        return mailbox_facts(self.of_domain(tx, record.domain), record.username, record.domain, is_allowed=True)

    def refusal(self, facts: MailboxFacts, options: LinkOptions, domains: Collection[str]) -> LinkRefusal | None:
        """Return why a mailbox gets no link by mail; None for one that does.

        `domains` are those of the account.
        """
        return links.refusal(facts, options, panel_user=self._panel_user, domains=domains)

    def refusals(self, tx: Tx, records: Collection[LinkRecord]) -> dict[int, LinkRefusal]:
        """Return why mailboxes get no link in place of these, by their numbers."""
        known = {name: self.of_domain(tx, name) for name in {each.domain for each in records}}
        domains, found = self.account_domains(tx, known), {}
        for each in records:
            facts = mailbox_facts(known[each.domain], each.username, each.domain, is_allowed=True)
            options = LinkOptions(mail_arrives=True, purpose=LinkPurpose(each.purpose))
            if (reason := self.refusal(facts, options, domains)) is not None:
                found[each.id] = reason
        return found

    def reason_to_end(self, tx: Tx, record: LinkRecord) -> LinkEnd | None:
        """Return why a link may not be made or mailed now.

        None for one that may.
        """
        domain, username = record.domain, record.username
        if mailbox_locks.holds(tx, domain, username):
            return LinkEnd.LOCKED
        listed = self._lists.usernames_in(tx, [domain])
        if domain in listed and username not in listed[domain]:
            return LinkEnd.DELETED
        if not record.recipient or record.purpose not in {LinkPurpose.INVITE, LinkPurpose.RESET}:
            return None
        recovery = stored_columns.of_mailbox(tx, domain, username)["recovery_email"]
        is_same = recovery.lower() == record.recipient.lower() and addresses.is_email(addresses.email(recovery))
        return None if is_same else LinkEnd.RECOVERY_EMAIL_CHANGED


def mailbox_facts(known: DomainFacts | None, username: str, domain: str, *, is_allowed: bool) -> MailboxFacts:
    """Return the facts about one mailbox.

    `known` is None for a domain where the caller may not support mailboxes.
    """
    address = f"{username}@{domain}"
    if known is None:
        return MailboxFacts(address, "", exists=None, is_locked=False, is_allowed=is_allowed)
    exists = None if known.usernames is None else username in known.usernames
    return MailboxFacts(
        address, known.recovery.get(username, ""), exists, username in known.locked, is_allowed,
        username in known.being_locked,
    )  # fmt: skip
