"""Channels of notices: their kinds, what each gets, and how deliveries go. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from mxlib.core.events.notices import DueNotice, NotedEvent
from mxlib.core.events.vocabulary import OF_MAILBOXES, Rule, Severity

#: Most characters of the name of a channel.
MAX_NAME = 60

#: Most addresses of a mail channel.
MAX_RECIPIENTS = 20

#: Events that one delivery lists; the rest are counted.
MOST_EVENTS = 50

#: Seconds from each failed try to the next one. The last pause is repeated until GIVEN_UP_S.
PAUSES = (10.0, 30.0, 120.0, 300.0, 900.0)

#: Seconds after which a delivery that never arrived is given up.
GIVEN_UP_S = 86_400.0


class ChannelKind(StrEnum):
    """The kinds of channels; a stored value never changes."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    #: A service that the library Apprise speaks to, one of `ChatService`.
    CHAT = "chat"


class ChatService(StrEnum):
    """The services that a chat channel may use; all others are refused."""

    SLACK = "slack"
    TEAMS = "teams"
    DISCORD = "discord"
    TELEGRAM = "telegram"
    NTFY = "ntfy"
    PUSHOVER = "pushover"


class DeliveryStatus(StrEnum):
    """The state of a delivery; a stored value never changes."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    #: Of the sandbox: it would have left.
    CAUGHT = "caught"
    #: The receiver said that nothing may come any more.
    REFUSED = "refused"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Routes:
    """The events that a channel gets: those that fit in everything that is chosen.

    With `client`, it is a contact of a client, and gets events of mailboxes in its domains alone.
    """

    client: int | None = None
    #: Blank for every domain, and for the account.
    domains: frozenset[str] = frozenset()
    #: Blank for every rule.
    rules: frozenset[Rule] = frozenset()
    least: Severity = Severity.INFO

    def select(self, notice: DueNotice, of_client: Collection[str]) -> tuple[NotedEvent, ...]:
        """Return the events of a notice that the channel gets.

        `of_client` are the domains that the client has now.
        """
        return tuple(each for each in notice.events if self._fits(each, notice, of_client))

    def _fits(self, noted: NotedEvent, notice: DueNotice, of_client: Collection[str]) -> bool:
        # A digest has events of several rules, each with its own severity.
        severity = notice.severity if notice.rule is not None else noted.severity
        if not severity.is_at_least(self.least):
            return False
        if self.rules and noted.event.rule not in self.rules:
            return False
        if self.client is not None and (noted.event.rule not in OF_MAILBOXES or noted.domain not in of_client):
            return False
        return not self.domains or noted.domain in self.domains

    def to_json(self) -> dict[str, Any]:
        """Return it as the store keeps it."""
        return {"domains": sorted(self.domains), "rules": sorted(self.rules), "least": self.least.value}

    @classmethod
    def from_json(cls, client: int | None, stored: Mapping[str, Any]) -> Self:
        """Return it as it was stored; a rule that no longer exists is left out."""
        rules = frozenset(Rule(each) for each in stored["rules"] if each in {*Rule})
        return cls(client, frozenset(stored["domains"]), rules, Severity(stored["least"]))


@dataclass(frozen=True, slots=True)
class Secrets:
    """The sealed part of a channel: its address, and the secret that signs its messages."""

    url: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)


def retry_at(tries: int, queued_at: float, now: float) -> float | None:
    """Return when a delivery is tried again; None when it is given up."""
    due = now + PAUSES[min(tries, len(PAUSES)) - 1]
    return None if due > queued_at + GIVEN_UP_S else due
