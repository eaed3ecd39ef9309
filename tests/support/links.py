"""People with links: planned, mailed, read from the outbox, and used."""

import re
import time
from dataclasses import dataclass
from typing import Any

from mxlib.auth.permissions import LOCAL, Caller
from mxlib.core.links import LinkOptions, LinkPurpose, LinkStatus, SetResult
from mxlib.mail.message import Parts
from mxlib.store import Store, links, stored_columns
from mxlib.store.links import NewLink
from mxlib.store.tables import link as table
from tests.support.app import App

NEW = "Zomer.in.Brugge.9"
TOKEN = re.compile(r"/password/([\w-]+)")


@dataclass
class LinkDesk:
    """What the tests of links do with an app."""

    app: App

    @property
    def services(self) -> Any:
        return self.app.services

    def have(self, **recovery_emails: str) -> list[str]:
        """Create mailboxes in a.nl with these recovery emails, as the lists show them; return their addresses."""
        found = [f"{username}@a.nl" for username in recovery_emails]
        self.app.have(*found)
        self.look()
        with self.app.services.store.write() as tx:
            for username, email in recovery_emails.items():
                if email:
                    stored_columns.put(tx, "recovery_email", "a.nl", username, email, time.time())
        return found

    def look(self) -> None:
        """Read the lists again."""
        lists = self.app.services.lists
        lists.domains(LOCAL, refresh=True)
        lists.mailboxes(LOCAL, "a.nl", refresh=True)

    def start(self, *addresses: str, caller: Caller = LOCAL, **options: Any) -> int:
        """Start a run of links; return its number."""
        plan = self.services.link_plans.plan(caller, emails=addresses, options=LinkOptions(**options))
        run: int = self.services.link_plans.start(caller, plan)
        return run

    def send(self) -> None:
        """Make what is due, and send it."""
        self.services.link_maker.work()
        self.app.services.outbox.send_due()

    def mails(self) -> list[tuple[str, Parts]]:
        """Return the mails that left, oldest first: to whom, and their words."""
        outbox = self.app.services.outbox
        found = sorted(outbox.list_all(LOCAL), key=lambda mail: mail.id)
        return [(mail.to, outbox.read(LOCAL, mail.id)) for mail in found if mail.is_readable]

    def token(self, to: str) -> str:
        """Return the token in the newest mail to an address."""
        return next(found[1] for at, parts in reversed(self.mails()) if at == to if (found := TOKEN.search(parts.text)))

    def use(self, token: str, password: str = NEW, again: str | None = None) -> SetResult:
        """Set a password behind a link."""
        result: SetResult = self.services.password_links.set_password(
            token, password, password if again is None else again
        )
        return result

    def reset(self, username: str) -> str:
        """Make the link for a reset of a mailbox in a.nl, as the answer to a request does; return its token."""
        now, store = self.services.clock.now(), self.services.store
        new = NewLink(
            LinkPurpose.RESET, "a.nl", username, "", f"{username}@mail.example", "en", now, now, now + 3_600.0
        )
        with store.write() as tx:
            return links.make_token(tx, store.key, links.add(tx, new, who="MXM", at=now), now)

    def password(self, address: str) -> str:
        """Return the password that the host has."""
        username, _, domain = address.partition("@")
        return str(self.app.host.sandbox.account.domains[domain][username].password)

    def wait(self, seconds: float) -> None:
        """Let the mails that left be older."""
        age_mails(self.services.store, seconds)

    def statuses(self, run: int) -> dict[str, LinkStatus]:
        """Return the state of each person of a run."""
        return {each.address: each.status for each in self.services.sent_links.board(LOCAL, run).people}


def age_mails(store: Store, seconds: float) -> None:
    """Let the mails with links that left be older."""
    with store.write() as tx:
        tx.execute(table.update().values(sent_at=table.c.sent_at - seconds))
