"""Texts of mails, and of the outbox: what happened to a mail, and why it waits."""

from mxlib.core.format import age, count, moment
from mxlib.core.mail_contents import (
    LinkMail,
    MailboxReady,
    MailContent,
    MonthReady,
    NoticeMail,
    PasswordChanged,
    RecoveryEmailChanged,
    ResetAsked,
)
from mxlib.core.mails import MailCause, MailProblem, MailStatus, MailText, TrialMail
from mxlib.core.text import link_mails, month_report, notices, reset_mails

CAUSES = {
    MailCause.TEST: "Test mail",
    MailCause.LINK: "Link to set a password",
    MailCause.RESET: "Link for a requested reset",
    MailCause.RECOVERY: "Link for a recovery email",
    MailCause.PASSWORD_CHANGED: "Notice that a password was changed",
    MailCause.RECOVERY_CHANGED: "Notice to a former recovery email",
    MailCause.MONTH: "Month of all clients",
    MailCause.NOTICE: "Notice about events",
}

STATUSES = {
    MailStatus.WAITING: "Waiting",
    MailStatus.SENT: "Sent",
    MailStatus.CAUGHT: "Would have left",
    MailStatus.REFUSED: "Refused",
    MailStatus.NOT_DELIVERED: "Not delivered",
    MailStatus.DISCARDED: "Discarded",
}

_CHECK_URL = "Check MXM_SMTP_URL."
_PROBLEMS = {
    MailProblem.UNKNOWN_HOST: f"The mail server's name is not found. {_CHECK_URL}",
    MailProblem.NOT_CONNECTED: f"The mail server accepts no connection. {_CHECK_URL}",
    MailProblem.TIMEOUT: "The mail server answers too slowly.",
    MailProblem.DISCONNECTED: "The mail server ended the connection before it accepted the mail.",
    MailProblem.CERTIFICATE: "The mail server's certificate is not valid for its name, so nothing was sent to it. "
    "Check the host in MXM_SMTP_URL, and the certificate there.",
    MailProblem.TLS_FAILED: f"No encrypted connection to the mail server is possible: nothing was sent. {_CHECK_URL}",
    MailProblem.NO_STARTTLS: "The mail server offers no encryption (STARTTLS), so nothing was sent. "
    "Use smtps:// in MXM_SMTP_URL, or a server that offers it.",
    MailProblem.SIGN_IN_REFUSED: "The mail server refuses the user or the password in MXM_SMTP_URL.",
    MailProblem.NOT_READY: "The mail server accepts no mail now.",
    MailProblem.UNREADABLE_ANSWER: f"The answer of the mail server is not readable. {_CHECK_URL}",
    MailProblem.NOT_SET: "No mail server is set. Set MXM_SMTP_URL and MXM_MAIL_FROM, then restart.",
    MailProblem.SEALED: "This mail cannot be decrypted. Bring MXM_SECRET_KEY or mxm.key back, or discard it.",
}

NOT_SET = "No mail leaves: no mail server is set. Set MXM_SMTP_URL and MXM_MAIL_FROM, then restart MXM."
SANDBOX = "Test data. No mail leaves: the sandbox keeps what would have left, for you to read."
HELD = "A backup was restored: mails wait until an admin presses Continue. Some may have been sent after the backup."
ONLY_ADMINS = "Only admins see the outbox. Ask an admin."
NOT_WAITING = "This mail does not wait any more. Look again."
BEING_SENT = "This mail is being sent right now. Wait for its result."
NOT_READABLE = "The text of this mail is not kept: it is deleted once a mail was sent or has ended."
EMPTY = "No mail yet. A mail appears here as soon as something queues one."


def words_of(content: MailContent) -> MailText:
    """Return the words of a mail."""
    match content:
        case TrialMail():
            return _trial(content)
        case MailboxReady():
            return link_mails.mailbox_ready(content)
        case LinkMail():
            return link_mails.with_links(content)
        case PasswordChanged():
            return link_mails.password_changed(content)
        case RecoveryEmailChanged():
            return link_mails.as_mail(content.stationery.language, reset_mails.changed(content))
        case ResetAsked():
            return link_mails.as_mail(content.stationery.language, reset_mails.asked(content))
        case MonthReady():
            return month_report.mail(content)
        case NoticeMail():
            return notices.mail(content)


def _trial(content: TrialMail) -> MailText:
    where = f" at {content.dashboard}" if content.dashboard else ""
    return MailText(
        "Test mail of MXM",
        (
            "Hello,",
            f"This is a test mail: {content.asked_by} asked MXM{where} to send it.",
            "You have received it, so mail leaves as it should. There is nothing to do.",
        ),
    )


def not_an_address(text: str) -> str:
    """Refuse a recipient."""
    return f"{text or 'Blank'} is not an email address. Type one such as name@agency.example."


def problem(kind: MailProblem, code: int, words: str) -> str:
    """Say why a try failed, with the server's own words."""
    answer = " ".join(filter(None, [str(code) if code else "", words]))
    if kind is MailProblem.ANSWERED:
        return f"The server answered: {answer}"
    return f"{_PROBLEMS[kind]} It answered: {answer}" if answer else _PROBLEMS[kind]


def waits(why: str, next_at: float | None, now: float) -> str:
    """Say when something that waits is tried next, after why the last try failed."""
    when = f"Next try {moment(next_at, now)}." if next_at is not None and next_at > now else "Waits for its turn."
    return f"{why} {when}".strip()


def refused(why: str) -> str:
    """Say that the other side refused something, and why."""
    return f"{why} It is not tried again."


def given_up(why: str, tries: int) -> str:
    """Say after how many tries something was given up, and why the last one failed."""
    return f"Given up after {count(tries, 'try', 'tries')}. {why}".strip()


def result(
    status: MailStatus, why: str, *, next_at: float | None, tries: int, ended_at: float | None, now: float
) -> str:
    """Say what happened to a mail so far."""
    match status:
        case MailStatus.WAITING:
            return waits(why, next_at, now)
        case MailStatus.SENT:
            return f"Accepted by the server, {moment(ended_at or now, now)}."
        case MailStatus.CAUGHT:
            return f"Would have left, {moment(ended_at or now, now)}."
        case MailStatus.REFUSED:
            return refused(why)
        case MailStatus.NOT_DELIVERED:
            return given_up(why, tries)
        case MailStatus.DISCARDED:
            return f"Discarded, {moment(ended_at or now, now)}."


def test_result(to: str, status: MailStatus, happened: str) -> str:
    """Say what happened to a test mail that was just sent."""
    match status:
        case MailStatus.SENT:
            return f"The server accepted the test mail to {to}. Look whether it has arrived, also among junk mail."
        case MailStatus.CAUGHT:
            return f"The test mail to {to} would have left. Read it on Outbox."
        case MailStatus.WAITING:
            return f"The test mail to {to} has not left yet. {happened}"
        case _:
            return f"The test mail to {to} was not sent. {happened}"


def discarded(to: str) -> str:
    """Say that a mail was discarded."""
    return f"The mail to {to} is discarded: it is not sent."


def stuck(mails: int, since: float, why: str, now: float) -> str:
    """Say that mails do not leave."""
    have = "has" if mails == 1 else "have"
    reason = f" {why}" if why else " Nothing tries to send them: restart MXM."
    return f"{count(mails, 'mail')} {have} not left for {age(now - since)}.{reason}"


def paced(per_hour: int) -> str:
    """Say how many mails leave in an hour."""
    return f"{count(per_hour, 'mail')} an hour at most (MXM_MAILS_PER_HOUR)"
