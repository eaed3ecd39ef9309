"""Files by which the passwords of a run reach their owners: letters, and logins for password managers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mxlib.core.handover import letters, password_managers
from mxlib.core.handover.letters import Letters, Paper, Recipient
from mxlib.core.handover.stationery import Stationery
from mxlib.core.text import run_status
from mxlib.core.vocabulary import DONE
from mxlib.runs import messages, results
from mxlib.runs.results import RowVisibility
from mxlib.store import Store, known_passwords
from mxlib.worker import run_unless

#: The files, by their names.
LETTERS, BITWARDEN, ONE_PASSWORD = "letters.pdf", "bitwarden.csv", "1password.csv"
FILES = (LETTERS, BITWARDEN, ONE_PASSWORD)

#: Letters in one file; so many are made within the time that the worker grants.
MAX_LETTERS = 2_000

#: Letters that are made here rather than in the worker.
_FEW = 5


@dataclass(frozen=True, slots=True)
class HandOver:
    """The people who get a password of a run.

    `changed` are the addresses whose password was changed since.
    """

    people: tuple[Recipient, ...]
    changed: tuple[str, ...] = ()

    @property
    def lacks(self) -> tuple[str, ...]:
        """Return what letters and logins of these people lack, one sentence each."""
        unprinted = letters.check(self.people)
        return run_status.not_handed_over(unprinted.without_name, unprinted.left_out, self.changed)


def collect(store: Store, run: int, seen: RowVisibility = results.EVERYTHING) -> HandOver:
    """Return the people who got a password by this run, in file order.

    `seen` says which rows are shown. A password that was changed since is no longer theirs.
    """
    found = [
        Recipient(row.name, row.address, password)
        for row, password in results.all_rows(store, run, with_passwords=True, seen=seen)
        if password and password != messages.UNREADABLE and row.outcome in DONE
    ]
    with store.read() as tx:
        changed = known_passwords.changed_since(tx, run, [each.address for each in found])
    return HandOver(
        tuple(each for each in found if each.address not in changed),
        tuple(each.address for each in found if each.address in changed),
    )


def make(
    people: Sequence[Recipient],
    kind: str,
    server: str,
    run: int,
    stationery: Mapping[str, Stationery],
    paper: Paper = Paper.A4,
) -> bytes:
    """Return one of FILES; of letters, for MAX_LETTERS people at most.

    `server` is the host of the mail server; `stationery` is that of letters, by domain.
    """
    match kind:
        case "bitwarden.csv":
            return password_managers.bitwarden_csv(people, server, f"MXM run {run}")
        case "1password.csv":
            return password_managers.one_password_csv(people, server)
        case _:
            made: Letters = run_unless(len(people) <= _FEW, letters.make, people, stationery, paper)
            return made.pdf
