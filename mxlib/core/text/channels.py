"""Texts about channels of notices, and about deliveries to them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from mxlib.core.channels import MAX_NAME, MAX_RECIPIENTS, ChannelKind, ChatService, DeliveryStatus, Routes
from mxlib.core.format import listed, moment, readable
from mxlib.core.mails import MailProblem
from mxlib.core.outgoing import SendProblem
from mxlib.core.text import events, mails, outgoing

KINDS: Mapping[ChannelKind, str] = {
    ChannelKind.MAIL: "Mail", ChannelKind.CHAT: "Chat service", ChannelKind.WEBHOOK: "Webhook",
}  # fmt: skip

SERVICES: Mapping[ChatService, str] = {
    ChatService.SLACK: "Slack", ChatService.TEAMS: "Teams", ChatService.DISCORD: "Discord",
    ChatService.TELEGRAM: "Telegram", ChatService.NTFY: "ntfy", ChatService.PUSHOVER: "Pushover",
}  # fmt: skip

STATUSES: Mapping[DeliveryStatus, str] = {
    DeliveryStatus.WAITING: "Waiting",
    DeliveryStatus.DELIVERED: "Delivered",
    DeliveryStatus.CAUGHT: "Would have left",
    DeliveryStatus.REFUSED: "Refused",
    DeliveryStatus.GIVEN_UP: "Given up",
}

#: What to enter for each kind.
ADDRESS_HELP: Mapping[ChannelKind, str] = {
    ChannelKind.MAIL: "One or more addresses, separated by commas.",
    ChannelKind.CHAT: (
        "The webhook address that Slack, Teams (Workflows) or Discord shows, https://ntfy.sh/TOPIC, or an address such "
        "as ntfys://TOKEN@ntfy.agency.example/TOPIC, tgram://BOT_TOKEN/CHAT_ID or pover://USER_KEY@APP_TOKEN."
    ),
    ChannelKind.WEBHOOK: "An https address of yours. Its requests are signed as Standard Webhooks describes.",
}

ONLY_ADMINS = "Only admins manage channels. Ask an admin."
NO_CHANNEL = "Notices are shown on this page only. Add a channel to get them."
NO_OTHER_WAY = (
    "Urgent notices have no way that works without MXroute: mail by its server, or to a mailbox of this account, does "
    "not arrive while its mail fails. Add a chat service or a webhook that gets urgent events of all domains."
)
SANDBOX = "Test data. Notices do not leave: the sandbox only notes what would have left. The test of a channel leaves."
SECRET_ONCE = "The secret that signs the requests. Copy it now: it is shown this once."  # noqa: S105 - a text
NAME_MISSING = "Name the channel, such as Slack of the helpdesk."
NAME_TOO_LONG = f"The name of a channel is one line of {MAX_NAME} characters at most."
NO_RECIPIENT = "Enter the email address that notices go to."
NO_RECIPIENT_LEFT = "The channel has no recipient any more: its address was erased. Delete it, and add another one."
TOO_MANY_RECIPIENTS = f"A channel has {MAX_RECIPIENTS} addresses at most. Add another channel for more."
NOT_A_SERVICE = (
    "This is no address of Slack, Teams, Discord, Telegram, ntfy or Pushover that MXM can use. Enter it with one "
    "recipient and without options (what follows a ?), except for the address that Teams shows."
)
CLIENT_ONLY_MAIL = "Only a mail channel can be for a client's contact. Choose Mail, or no client."
MAIL_NOT_SET = mails.NOT_SET


def not_found(number: int) -> str:
    """Say that a channel does not exist."""
    return f"There is no channel {number} any more. Look at the page again."


def no_client(number: int) -> str:
    """Say that the client of a channel does not exist."""
    return f"There is no client {number} any more. Choose another one."


def routes(chosen: Routes, client: str) -> str:
    """Say what a channel gets."""
    parts = [events.LEAST[chosen.least].lower()]
    if chosen.rules:
        parts.append(f"of {listed([events.RULES[each].lower() for each in sorted(chosen.rules)], most=2)}")
    if chosen.client is not None:
        parts.append(f"for mailboxes of {client or 'a client that was removed'}")
    if chosen.domains:
        parts.append(f"in {listed(sorted(chosen.domains), most=2)}")
    text = " ".join(parts)
    return text[0].upper() + text[1:]


def problem(kind: str, code: int) -> str:
    """Say why a try failed; blank where it did not."""
    if not kind:
        return ""
    if kind in {*SendProblem}:
        return outgoing.failed(SendProblem(kind), code)
    return mails.problem(MailProblem(kind), code, "") if kind in {*MailProblem} else kind


def result(
    status: DeliveryStatus, kind: str, code: int, *, tries: int, next_at: float | None, ended_at: float | None,
    is_mail: bool, now: float,
) -> str:  # fmt: skip
    """Say what happened to a delivery so far."""
    why = problem(kind, code)
    match status:
        case DeliveryStatus.WAITING if is_mail:
            return f"{why} See Outbox.".strip() if why else "In the outbox."
        case DeliveryStatus.WAITING:
            return mails.waits(why, next_at, now)
        case DeliveryStatus.DELIVERED:
            return f"Accepted {moment(ended_at or now, now)}."
        case DeliveryStatus.CAUGHT:
            return f"Would have left {moment(ended_at or now, now)}."
        case DeliveryStatus.REFUSED:
            return mails.refused(why)
        case DeliveryStatus.GIVEN_UP:
            return mails.given_up(why, tries)


def tested(name: str, status: DeliveryStatus, happened: str) -> str:
    """Say what happened to a test."""
    if status is DeliveryStatus.DELIVERED:
        return f"The test of {readable(name)} was accepted. Look whether it has arrived."
    return f"The test of {readable(name)} did not arrive. {happened}"


def stopped(name: str) -> str:
    """Say that a receiver accepts nothing any longer."""
    return (
        f"{readable(name)} gets nothing any more: its address answered that it is gone for good (410). Delete the "
        "channel, or enable it when the address works again."
    )


def trial(name: str, who: str) -> str:
    """Return what a test says."""
    return f"This is a test of the channel {name}: {who} asked MXM to send it. Nothing happened, so do nothing."


def iso(at: float) -> str:
    """Return a time as machines exchange it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def created(name: str) -> str:
    """Say that a channel was added."""
    return f"{readable(name)} is added. Select it and press Send a test to see whether it works."


def saved(name: str) -> str:
    """Say that a channel was changed."""
    return f"{readable(name)} is saved."


def deleted(name: str) -> str:
    """Say that a channel was deleted."""
    return f"{readable(name)} is deleted, and so are its deliveries."
