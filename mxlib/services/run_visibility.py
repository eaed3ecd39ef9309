"""Select the runs a caller may see and their visible rows, by today's domain permissions."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mxlib.auth.permissions import Caller, Permission
from mxlib.core import addresses
from mxlib.core.vocabulary import AuditAction, Outcome, RunKind, Verdict
from mxlib.runs import results
from mxlib.runs.run_view import RunView
from mxlib.store import Store, Tx, audit, journal, links, mailbox_lists, row_counts
from mxlib.store.records import RowRecord, RunRecord

#: The text instead of one that names a domain which its reader may not see.
ELSEWHERE = "It concerns a domain that you may not see. Ask an admin."

#: Runs whose invalid rows are kept in memory.
_REMEMBERED = 2_000

#: Runs of the characters of a domain name; those with a dot inside may be one.
_NAME = re.compile(r"[a-z0-9.-]+")


_NEEDED = {
    RunKind.IMPORT: Permission.IMPORT,
    RunKind.CHANGE: Permission.SUPPORT,
    RunKind.DELETE: Permission.DELETE,
    RunKind.UNDO: Permission.DELETE,
    RunKind.LINKS: Permission.SUPPORT,
}


def needed_for(kind: RunKind) -> Permission:
    """Return the permission to see and control another user's run of this kind.

    It is needed in each domain of the run.
    """
    return _NEEDED[kind]


def may_act(caller: Caller, run: RunView | RunRecord, domain: str) -> bool:
    """Return whether the caller may do today what the run does there.

    The operator of an undo needs `support` only. An undo restores figures, so that others need `view` for it, too.
    """
    if run.kind != RunKind.UNDO:
        return caller.may(needed_for(RunKind(run.kind)), domain)
    return may_undo(caller, domain) or (run.operator == caller.name and caller.may(Permission.SUPPORT, domain))


def may_undo(caller: Caller, domain: str) -> bool:
    """Return whether the caller may undo there what others did."""
    return caller.may(Permission.VIEW, domain) and caller.may(Permission.DELETE, domain)


def sees(caller: Caller, run: RunView | RunRecord, domain: str) -> bool:
    """Return whether the caller may see what the run does there.

    The permission to undo it is enough.
    """
    return may_undo(caller, domain) or may_act(caller, run, domain)


def may_see(caller: Caller, run: RunView | RunRecord) -> bool:
    """Return whether a run is shown at all.

    Its operator needs one of its domains, everyone else all of them. People of a client see no run of others.
    """
    if caller.external and run.operator != caller.name:
        return False
    seen = [sees(caller, run, domain) for domain in run.domains]
    if run.operator == caller.name:
        return caller.admin or any(seen) or not seen
    return caller.admin or (bool(seen) and all(seen))


def names_hidden(caller: Caller, run: RunView | RunRecord, text: str) -> bool:
    """Return whether a text names a hidden domain of the run."""
    return any(domain in text.lower() for domain in run.domains if not sees(caller, run, domain))


@dataclass(frozen=True, slots=True)
class Invalid:
    """An invalid row: its domain, its outcome, and every name in it that could be a domain."""

    domain: str
    outcome: Outcome
    names: frozenset[str]


class CallerRowVisibility:
    """The part of one run that one caller sees.

    `brought_file`: whether they run it and brought its file themselves.
    """

    def __init__(self, caller: Caller, run: RunView | RunRecord, known: Iterable[str], *, brought_file: bool) -> None:
        """`known` are the domains that texts may name: those of the account and of the run."""
        self._caller, self._run, self._brought_file = caller, run, brought_file
        self._shown: dict[str, bool] = {}
        self._unseen = frozenset(name for name in known if not self.shows_domain(name))

    def shows(self, row: RowRecord) -> bool:
        """Return whether a row is shown."""
        if self._caller.admin:
            return True
        return self.shows_invalid(_invalid(row)) if row.verdict == Verdict.INVALID else self.shows_domain(row.domain)

    def shows_domain(self, domain: str) -> bool:
        """Return whether valid rows of a domain are shown."""
        if domain not in self._shown:
            self._shown[domain] = addresses.is_domain(domain) and sees(self._caller, self._run, domain)
        return self._shown[domain]

    def shows_invalid(self, row: Invalid) -> bool:
        """Return whether an invalid row is shown.

        A row that names no domain is shown to the caller who brought the file, one that names two to callers who see
        both.
        """
        if self._brought_file:
            return self.shows_domain(row.domain) or not addresses.is_domain(row.domain)
        return self.shows_domain(row.domain) and self._unseen.isdisjoint(row.names)

    def shows_figures(self, domain: str) -> bool:
        """Return whether the figures of mailboxes there may be shown; `delete` alone is not enough."""
        return self._caller.may(Permission.VIEW, domain)


class RunVisibility:
    """Returns runs as callers may see them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        #: The invalid rows of runs, which never change.
        self._invalid: dict[int, tuple[Invalid, ...]] = {}

    def of(self, caller: Caller, run: RunView | RunRecord) -> results.RowVisibility:
        """Return which rows and figures of a run the caller may see."""
        with self._store.read() as tx:
            visible = self._rows_for(tx, caller, run, known=_domains(tx) | row_counts.domains(tx, run.id))
        return results.RowVisibility(visible.shows_figures, visible.shows)

    def restrict(self, caller: Caller, views: Iterable[RunView]) -> tuple[RunView, ...]:
        """Return the runs as the caller may see them: figures of visible rows only, the others counted."""
        views = tuple(views)
        if caller.admin:
            return views
        with self._store.read() as tx:
            groups, known = row_counts.by_domain(tx, [view.id for view in views]), _domains(tx)
            self._read_invalid(tx, groups)
            return tuple(self._restricted(tx, caller, view, groups.get(view.id, {}), known) for view in views)

    def _read_invalid(self, tx: Tx, groups: Mapping[int, Mapping[row_counts.Group, int]]) -> None:
        """Read the invalid rows of runs that were not looked at before."""
        if len(self._invalid) > _REMEMBERED:
            self._invalid = {}
        due = [run for run, of in groups.items() if any(verdict == Verdict.INVALID for _, verdict, _ in of)]
        for run, rows in row_counts.invalid(tx, [run for run in due if run not in self._invalid]).items():
            self._invalid[run] = tuple(map(_invalid, rows))

    def _restricted(
        self, tx: Tx, caller: Caller, view: RunView, groups: Mapping[row_counts.Group, int], known: frozenset[str]
    ) -> RunView:
        visible = self._rows_for(tx, caller, view, known=known | {domain for domain, _, _ in groups})
        invalid = self._invalid.get(view.id, ())
        counts = Counter(row.outcome for row in invalid if visible.shows_invalid(row))
        for (domain, verdict, outcome), rows in groups.items():
            if verdict != Verdict.INVALID and visible.shows_domain(domain):
                counts[Outcome(outcome)] += rows
        total = sum(counts.values())
        hidden = frozenset(domain for domain in view.domains if not sees(caller, view, domain))
        set_theirs = 0
        if view.kind is RunKind.LINKS:
            people = links.progress(tx, [view.id]).get(view.id, {})
            visible_people = [number for domain, number in people.items() if domain not in hidden]
            total, set_theirs = sum(all_ for all_, _ in visible_people), sum(done for _, done in visible_people)
            groups = {(domain, "", ""): number for domain, (number, _) in people.items()}
        hidden_rows = sum(groups.values()) - total
        restricted = replace(
            view,
            counts=dict(counts),
            total=total,
            set_theirs=set_theirs,
            hidden=hidden_rows,
            notes=() if hidden_rows else view.notes,  # they may be about the hidden rows
            domains=tuple(domain for domain in view.domains if domain not in hidden),
            behind=() if caller.external else view.behind,  # of the runs of others, nothing but the time is shown
            undone_by=tuple(number for number in view.undone_by if _is_shown(tx, caller, number)),
            paused_reason=_without(view.paused_reason, hidden, ELSEWHERE),
            note=_without(view.note, hidden, ""),
        )
        return _with_differences(tx, restricted, visible) if view.differences else restricted

    def _rows_for(
        self, tx: Tx, caller: Caller, run: RunView | RunRecord, *, known: frozenset[str]
    ) -> CallerRowVisibility:
        brought_file = False
        if run.operator == caller.name and not caller.admin:
            started = audit.find(tx, audit.AuditFilter(run=run.id, what=AuditAction.RUN_START), most=1)
            brought_file = any(entry.who == caller.name and entry.kind == caller.kind for entry in started)
        return CallerRowVisibility(caller, run, known, brought_file=brought_file)


def _with_differences(tx: Tx, view: RunView, visible: CallerRowVisibility) -> RunView:
    """Count the shown rows that differ from MXroute."""
    if not view.hidden:
        return view
    differing = [row for row in row_counts.differing(tx, view.id) if visible.shows(row)]
    return replace(view, differences=len(differing), difference=differing[0].differs if differing else "")


def _invalid(row: RowRecord | row_counts.Invalid) -> Invalid:
    words = (word.strip(".") for word in _NAME.findall(f"{row.username} {row.reason}".lower()))
    return Invalid(row.domain, Outcome(row.outcome), frozenset(word for word in words if "." in word))


def _without(text: str, hidden: frozenset[str], instead: str) -> str:
    return instead if any(name in text.lower() for name in hidden) else text


def _is_shown(tx: Tx, caller: Caller, number: int) -> bool:
    run = journal.get_run(tx, number)
    return run is not None and may_see(caller, run)


def _domains(tx: Tx) -> frozenset[str]:
    kept = mailbox_lists.domains(tx)
    return frozenset(kept.names) if kept else frozenset()
