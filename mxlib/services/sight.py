"""Which runs a caller may see, and which of their rows: those of domains that the caller may see today."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mxlib.auth.permissions import Caller, Permission
from mxlib.mailboxes import addresses
from mxlib.mailboxes.columns import Verdict
from mxlib.mailboxes.plan import Kind
from mxlib.mailboxes.unseen import untold
from mxlib.runs import results
from mxlib.runs.outcomes import Outcome
from mxlib.runs.view import RunView
from mxlib.store import Store, Tx, audit, lists, tallies
from mxlib.store.records import RowRecord, RunRecord

#: What a text says instead of naming a domain that its reader may not see.
ELSEWHERE = "It concerns a domain that you may not see. Ask an admin."

_NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


def needed_for(kind: Kind) -> Permission:
    """What one must be allowed to do in its domains to see and steer somebody else's run of this kind."""
    return Permission.DELETE if kind in {Kind.DELETE, Kind.UNDO} else Permission.IMPORT


def may_act(caller: Caller, run: RunView | RunRecord, domain: str) -> bool:
    """Return whether the caller may do today what the run does there; one's own undo needs `import` only."""
    own_undo = run.kind == Kind.UNDO and run.operator == caller.name
    return caller.may(needed_for(Kind(run.kind)), domain) or (own_undo and caller.may(Permission.IMPORT, domain))


def sees(caller: Caller, run: RunView | RunRecord, domain: str) -> bool:
    """Return whether the caller may see what the run does there; who may take a run back sees it, too."""
    takes_back = caller.may(Permission.VIEW, domain) and caller.may(Permission.DELETE, domain)
    return takes_back or may_act(caller, run, domain)


def may_see(caller: Caller, run: RunView | RunRecord) -> bool:
    """Return whether a run is shown at all: its operator needs one of its domains, everybody else all of them."""
    seen = [sees(caller, run, domain) for domain in run.domains]
    if run.operator == caller.name:
        return caller.admin or any(seen) or not seen
    return caller.admin or (bool(seen) and all(seen))


@dataclass(frozen=True)
class Sight:
    """What one caller sees of one run. `brought`: whether they run it and brought its file themselves."""

    caller: Caller
    run: RunView | RunRecord
    brought: bool
    known: frozenset[str]

    def shows(self, row: RowRecord) -> bool:
        """Return whether a row is shown."""
        if self.caller.admin:
            return True
        if not addresses.is_domain(row.domain):  # nobody's domain: it is for who brought the file
            return self.brought
        if not sees(self.caller, self.run, row.domain):
            return False
        text = f"{row.username} {row.reason}"
        return self.brought or row.verdict != Verdict.INVALID or not self._names_another(text)

    def may_know(self, domain: str) -> bool:
        """Return whether what mailboxes there have or had may be shown."""
        return self.caller.may(Permission.VIEW, domain)

    def _names_another(self, text: str) -> bool:
        """Return whether a text names a domain that the caller may not see: an address and its column may disagree."""
        named = {name for name in _NAME.findall(text.lower()) if name in self.known}
        return not all(sees(self.caller, self.run, name) for name in named)


class Sights:
    """Looks at runs with the eyes of callers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, caller: Caller, run: RunView | RunRecord) -> results.Sight:
        """Return what the caller sees of a run's rows."""
        with self._store.read() as tx:
            sight = self._sight(tx, caller, run, known=_domains(tx) | tallies.domains(tx, run.id))
        return results.Sight(sight.may_know, sight.shows)

    def told(self, caller: Caller, views: Iterable[RunView]) -> tuple[RunView, ...]:
        """Return the runs as the caller may see them: figures of visible rows only, the others counted."""
        views = tuple(views)
        if caller.admin:
            return views
        with self._store.read() as tx:
            groups, known = tallies.by_domain(tx, [view.id for view in views]), _domains(tx)
            return tuple(self._told(tx, caller, view, groups.get(view.id, {}), known) for view in views)

    def _told(
        self, tx: Tx, caller: Caller, view: RunView, groups: Mapping[tuple[str, str, str], int], known: frozenset[str]
    ) -> RunView:
        sight = self._sight(tx, caller, view, known=known | {domain for domain, _, _ in groups})
        counts: Counter[Outcome] = Counter()
        for (domain, verdict, outcome), rows in groups.items():
            if verdict != Verdict.INVALID and addresses.is_domain(domain) and sees(caller, view, domain):
                counts[Outcome(outcome)] += rows
        if any(verdict == Verdict.INVALID for _, verdict, _ in groups):
            shown = filter(sight.shows, tallies.invalid(tx, view.id))
            counts.update(Outcome(row.outcome) for row in shown)
        total = sum(counts.values())
        hidden = frozenset(domain for domain in view.domains if not sees(caller, view, domain))
        told = replace(
            view,
            counts=dict(counts),
            total=total,
            hidden=sum(groups.values()) - total,
            domains=tuple(domain for domain in view.domains if domain not in hidden),
            paused_reason=_without(view.paused_reason, hidden, ELSEWHERE),
            note=_without(view.note, hidden, ""),
        )
        return _with_differences(tx, told, sight) if view.differences else told

    def _sight(self, tx: Tx, caller: Caller, run: RunView | RunRecord, *, known: frozenset[str]) -> Sight:
        brought = False
        if run.operator == caller.name and not caller.admin:
            started = audit.find(tx, audit.Wanted(run=run.id, what="run.start"), most=1)
            brought = any(entry.who == caller.name and entry.kind == caller.kind for entry in started)
        return Sight(caller, run, brought, known)


def _with_differences(tx: Tx, view: RunView, sight: Sight) -> RunView:
    """Count the rows that MXroute has otherwise among those that are shown."""
    found = view.differences, view.difference
    if view.hidden:
        differing = [row for row in tallies.differing(tx, view.id) if sight.shows(row)]
        found = len(differing), differing[0].differs if differing else ""
    figures = all(map(sight.may_know, view.domains))
    return replace(view, differences=found[0], difference=found[1] if figures else untold(found[1]))


def _without(text: str, hidden: frozenset[str], instead: str) -> str:
    return instead if any(name in text.lower() for name in hidden) else text


def _domains(tx: Tx) -> frozenset[str]:
    kept = lists.domains(tx)
    return frozenset(kept.names) if kept else frozenset()
