"""Sources of events that are no reading: what is so now of MXroute, runs, backups, tokens and the audit log.

To add one, write a function that returns the conditions of this moment, and name it with its rule in `all_sources`; the
code of its events needs a severity in `core/events/vocabulary.py` and a text in `core/text/events.py`. What is so for a
moment only, such as a sign-in, is stored by what it happens in instead, as `store/sign_in_events.py` does.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mxlib.auth import token_owners
from mxlib.core.events.conditions import Condition, ConditionRule
from mxlib.core.events.rules import WATCH_FAILED_S
from mxlib.core.events.vocabulary import EventCode, Rule
from mxlib.core.format import listed
from mxlib.core.host_status import HostState
from mxlib.core.mail_ports import OLD_S, MailPorts
from mxlib.core.text import mail_ports as texts
from mxlib.core.vocabulary import Outcome, PauseCode, RunStatus
from mxlib.services.backups import Backups
from mxlib.store import Store, Tx, audit_check, hand_over, journal, mailbox_lists, run_passwords, tokens
from mxlib.store.records import RunRecord

_HOUR, _DAY = 3_600.0, 86_400.0

#: Seconds for which MXroute has to be silent.
SILENT_S = 600.0

#: Seconds after its end in which a run is looked at, and how many of the newest.
_ENDED_S, _MOST_ENDED = 2 * _DAY, 200

#: Seconds before the deletion of passwords that nobody took.
PASSWORDS_END_S = 48 * _HOUR

#: Seconds before its end from which a token is near it: once, and once more.
TOKEN_ENDS_S = (14 * _DAY, 2 * _DAY)

#: The conditions of a moment; None where it is not known, which changes nothing.
Find = Callable[[Tx, float], Iterable[Condition] | None]


@dataclass(frozen=True, slots=True)
class Source:
    """One source: its rule, and what finds the conditions at each look, in the transaction that stores them."""

    rule: ConditionRule
    find: Find


def all_sources(
    store: Store, host: Callable[[], HostState], backups: Backups, since: float,
    ports: Callable[[], MailPorts | None] = lambda: None,
) -> Sequence[Source]:  # fmt: skip
    """Return every source; `since` is when this process began, before which it could read nothing."""
    return (
        Source(ConditionRule(Rule.HOST, EventCode.HOST_BACK, SILENT_S), lambda _tx, _now: _silent(host())),
        Source(ConditionRule(Rule.HOST_KEY, EventCode.KEY_ACCEPTED), lambda _tx, _now: _key_refused(host())),
        Source(ConditionRule(Rule.WATCH, EventCode.WATCH_BACK), lambda tx, now: _watch_failed(tx, now, since)),
        Source(ConditionRule(Rule.MAIL_PORTS, EventCode.MAIL_REACHABLE), lambda _tx, now: _mail(ports(), now)),
        Source(
            ConditionRule(Rule.CERTIFICATE, EventCode.CERTIFICATE_RENEWED), lambda _tx, now: _certificate(ports(), now)
        ),
        Source(ConditionRule(Rule.RUN), _runs),
        Source(ConditionRule(Rule.PASSWORDS), _passwords),
        Source(ConditionRule(Rule.BACKUP, EventCode.BACKUP_MADE), lambda tx, now: _backup(tx, now, backups)),
        Source(ConditionRule(Rule.TOKEN), _tokens),
        Source(ConditionRule(Rule.AUDIT_LOG, EventCode.AUDIT_LOG_INTACT), lambda tx, _now: _audit_log(tx, store)),
    )


def _silent(state: HostState) -> list[Condition] | None:
    if state is HostState.UNKNOWN:
        return None
    return [Condition(EventCode.HOST_SILENT)] if state is HostState.SILENT else []


def _key_refused(state: HostState) -> list[Condition] | None:
    if state in {HostState.UNKNOWN, HostState.SILENT}:  # a silent host says nothing about the key
        return None
    return [Condition(EventCode.KEY_REFUSED)] if state is HostState.KEY_REFUSED else []


def _watch_failed(tx: Tx, now: float, since: float) -> list[Condition] | None:
    """Return whether no list could be read for long, in the time of this process."""
    known = mailbox_lists.domains(tx)
    if known is None or not known.names:
        return None
    times = mailbox_lists.read_times(tx)
    silent_s = now - max([since, *(times[name] for name in known.names if name in times)])
    return (
        [Condition(EventCode.WATCH_FAILED, figures={"silent_s": int(silent_s)})] if silent_s >= WATCH_FAILED_S else []
    )


def _mail(ports: MailPorts | None, now: float) -> list[Condition] | None:
    if ports is None or now - ports.at > OLD_S:
        return None
    failing = ports.unreachable
    names = listed([texts.LABELS[each.look.port] for each in failing])
    # Each further port is worse: who knows that IMAP fails has still to hear of SMTP.
    return [Condition(EventCode.MAIL_UNREACHABLE, level=len(failing), figures={"ports": names})] if failing else []


def _certificate(ports: MailPorts | None, now: float) -> list[Condition] | None:
    """Return whether a certificate ends soon; one that was not seen says nothing."""
    if ports is None or ports.certificate_until is None:
        return None
    end = ports.ends_soon(now)
    return [] if end is None else [Condition(EventCode.CERTIFICATE_ENDS_SOON, figures={"until": end})]


def _runs(tx: Tx, now: float) -> list[Condition]:
    paused = [run for run in journal.unended_runs(tx) if run.status == RunStatus.PAUSED]
    ended = [
        run
        for run in journal.ended_runs(tx, most=_MOST_ENDED)
        if run.finished_at is not None and run.finished_at > now - _ENDED_S
    ]
    failed = journal.counts(tx, [run.id for run in ended])
    return [_run(run, failed.get(run.id, {}).get(Outcome.FAILED, 0)) for run in (*paused, *ended)]


def _run(run: RunRecord, failed: int) -> Condition:
    match run.status, run.why_code:
        case RunStatus.PAUSED, PauseCode.OPERATOR:
            code, level = EventCode.RUN_PAUSED, 1
        case RunStatus.PAUSED, _:
            code, level = EventCode.RUN_NEEDS_YOU, 2
        case RunStatus.STOPPED, _:
            code, level = EventCode.RUN_STOPPED, 3
        case _:
            code, level = EventCode.RUN_FINISHED, 3
    return Condition(code, str(run.id), level=level, figures={"rows": run.total, "failed": failed, "why": run.why_code})


def _passwords(tx: Tx, now: float) -> list[Condition]:
    found = []
    for number, until in run_passwords.ending(tx, now, now + PASSWORDS_END_S):
        if people := hand_over.count(tx, number).lost:
            figures = {"people": people, "until": until}
            found.append(Condition(EventCode.PASSWORDS_END_SOON, str(number), figures=figures))
    return found


def _backup(tx: Tx, now: float, backups: Backups) -> list[Condition] | None:
    age = backups.too_old(tx, now)
    return None if age is None else [Condition(EventCode.BACKUP_OLD, figures={"age_s": int(age)})] if age else []


def _tokens(tx: Tx, now: float) -> list[Condition]:
    found = []
    for token in tokens.list_tokens(tx):
        if token.expires_at is None or not token_owners.works(token, now):
            continue
        level = sum(token.expires_at - now <= seconds for seconds in TOKEN_ENDS_S)
        if level:
            subject, figures = token_owners.known_as(token.id, token.name), {"until": token.expires_at}
            found.append(Condition(EventCode.TOKEN_ENDS_SOON, subject, level=level, figures=figures))
    return found


def _audit_log(tx: Tx, store: Store) -> list[Condition] | None:
    checked = audit_check.latest(tx, store.key.audit)
    if checked is None:
        return None
    breaks = len(checked[1].breaks) + checked[1].more
    return [Condition(EventCode.AUDIT_LOG_BROKEN, figures={"breaks": breaks})] if breaks else []
