"""Texts about self-service reset, as the dashboard shows them."""

from collections.abc import Mapping, Sequence

from mxlib.core.format import count, listed, moment
from mxlib.core.links import LinkRefusal
from mxlib.core.mails import MailStatus
from mxlib.core.self_service import Answer, ResetOutcome

SWITCH = "People may reset their own passwords"
SWITCH_HELP = (
    "On the public page /reset, by a link to the recovery email of the mailbox. Turning this off ends the links "
    "that were sent."
)
FREE_HELP = "Turn self-service reset on or off in them"
ONLY_ADMINS = "Only admins turn self-service reset on and off. Ask an admin."
TITLE = "Requests for a reset"
CODE_HELP = "The mail has the code: a caller who reads it out has the mail."

#: Domains that a sentence names; the others are counted.
_MOST_NAMED = 5

LEAVE_OUT = "Leave these mails out"
ONE_NOTICE = "The former recovery email gets a mail about the change, as self-service reset is on."


def where_on(domains: Sequence[str]) -> str:
    """Say in which domains without a client it is on."""
    where = f"on in {listed(domains, most=_MOST_NAMED)}" if domains else "off"
    return f"Self-service reset of domains without a client: {where}."


def notices(people: int) -> str:
    """Say how many people get a mail about their recovery email."""
    get, email = ("gets", "recovery email") if people == 1 else ("get", "recovery emails")
    who = count(people, "person", "people")
    return f"{who} {get} a mail at the former {email}, as self-service reset is on there."


_OUTCOMES: Mapping[Answer, str] = {
    ResetOutcome.MAILED: "a link was mailed",
    ResetOutcome.MAILED_AGAIN: "the same link was mailed again",
    ResetOutcome.MAILED_ENOUGH: "nothing was mailed, as 3 mails an hour are the most",
    ResetOutcome.NO_MAIL_SERVER: "nothing was mailed, as no mail server is set",
    ResetOutcome.NO_ADDRESS: "the recovery email is no address that gets mail",
    LinkRefusal.NO_RECOVERY_EMAIL: "no recovery email",
    LinkRefusal.OWN_ADDRESS: "the recovery email is the mailbox itself",
    LinkRefusal.ON_THIS_ACCOUNT: "the recovery email is on this account, where mail may not arrive yet",
    LinkRefusal.LOCKED: "locked",
    LinkRefusal.PANEL_ACCOUNT: "it is the account's own mailbox, which gets no links",
    LinkRefusal.RESET_OFF: "self-service reset is off for this domain",
}

_MAILS: Mapping[MailStatus, str] = {
    MailStatus.WAITING: "it has not left yet",
    MailStatus.SENT: "accepted by the mail server",
    MailStatus.CAUGHT: "it would have left",
    MailStatus.REFUSED: "refused by the mail server",
    MailStatus.NOT_DELIVERED: "not delivered",
    MailStatus.DISCARDED: "discarded",
}


def asked(at: float, times: int, outcome: Answer, mail: MailStatus | None, words: str, now: float) -> str:
    """Say when a reset was requested, and its outcome."""
    often = f" ({count(times, 'time')})" if times > 1 else ""
    became = _OUTCOMES.get(outcome, outcome.value.replace("_", " "))
    if mail is not None:
        became += f", {_MAILS[mail]}" + (f" ({words})" if words else "")
    return f"Reset requested {moment(at, now)}{often}: {became}."


def code(code: str) -> str:
    """Show the code of a mail."""
    return f"Code of this mail: {code}"


def has_client(domain: str, client: str) -> str:
    """Refuse to turn it on or off for a domain that has a client."""
    return f"{domain} belongs to {client}. Change it for that client."
