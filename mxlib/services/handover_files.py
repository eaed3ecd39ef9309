"""Files by which the passwords of a run reach their owners: letters, and logins for password managers."""

import io
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from mxlib.core.files import writer
from mxlib.core.handover import letter_files, letters, password_managers
from mxlib.core.handover.letters import Letters, Paper, Recipient
from mxlib.core.handover.stationery import Stationery
from mxlib.core.text import run_status
from mxlib.core.vocabulary import DONE, HandOverWay
from mxlib.runs import messages, results
from mxlib.runs.results import RowVisibility
from mxlib.store import Store, clients, hand_over, known_passwords
from mxlib.worker import run_unless

#: The files, by their names.
LETTERS, BITWARDEN, ONE_PASSWORD = "letters.pdf", "bitwarden.csv", "1password.csv"
FILES = (LETTERS, BITWARDEN, ONE_PASSWORD)

#: A workbook for mail merge, and the workbooks and letters of each client in one file.
MAIL_MERGE, CLIENTS = "mail-merge.xlsx", "clients.zip"

#: How each file hands passwords over.
WAYS = {
    LETTERS: HandOverWay.LETTER,
    BITWARDEN: HandOverWay.PASSWORD_MANAGER,
    ONE_PASSWORD: HandOverWay.PASSWORD_MANAGER,
    MAIL_MERGE: HandOverWay.MAIL_MERGE,
    CLIENTS: HandOverWay.FILE,
}

#: Letters in one file; so many are made within the time that the worker grants.
MAX_LETTERS = 2_000

#: Letters that are made here rather than in the worker.
_FEW = 5


#: Characters of a client's name in a file name.
_LONGEST_CLIENT = 40


@dataclass(frozen=True, slots=True)
class FileOptions:
    """Choices about the content and form of a file of a run.

    `for_programs`: a CSV has its columns in the order on which scripts rely. `delimiter` separates its cells. `paper`
    is that of letters, and `language` theirs; blank is that of each client. `only_unmarked` leaves out people who have
    their password, and `position` asks for one person alone: both for files that hand passwords over.
    """

    for_programs: bool = False
    delimiter: str = ","
    paper: Paper = Paper.A4
    language: str = ""
    only_unmarked: bool = False
    position: int | None = None


USUAL = FileOptions()

#: What asks for `only_unmarked` in an address.
UNMARKED = "unmarked"


def chosen(store: Store, run: int, options: FileOptions, seen: RowVisibility) -> RowVisibility:
    """Return which rows are shown in a file that hands over."""
    if options.position is not None:
        return replace(seen, shows=lambda row: seen.shows(row) and row.position == options.position)
    if options.only_unmarked:
        with store.read() as tx:
            marked = hand_over.marked(tx, run)
        return replace(seen, shows=lambda row: seen.shows(row) and row.position not in marked)
    return seen


def collect(
    store: Store, run: int, seen: RowVisibility = results.EVERYTHING, *, with_cells: bool = False
) -> tuple[Recipient, ...]:
    """Return the people who get a password of this run, in file order.

    `seen` says which rows are shown. A password that was changed since is no longer theirs. `with_cells` adds the own
    cells of their rows, which letters may print.
    """
    return tuple(
        Recipient(row.name, row.address, password, cells=results.own_cells_of(store, row) if with_cells else {})
        for row, password in results.all_rows(store, run, with_passwords=True, seen=seen)
        if row.outcome in DONE and password not in ("", messages.UNREADABLE)
    )


def lacks(store: Store, run: int, seen: RowVisibility = results.EVERYTHING) -> tuple[str, ...]:
    """Return what letters and logins of a run's people lack, one sentence each.

    Only passwords that people chose are opened: letters print those that MXM makes.
    """
    rows = [row for row in results.rows_of(store, run, seen) if row.outcome in DONE and row.sealed_password is not None]
    with store.read() as tx:
        changed = known_passwords.changed_since(tx, run, [row.address for row in rows])
    there = [row for row in rows if row.address not in changed]
    opened = results.passwords_of(store, run, [row for row in there if not row.generated])
    unprinted = letters.check(Recipient(row.name, row.address, opened.get(row.position, "")) for row in there)
    return run_status.not_handed_over(
        unprinted.without_name, unprinted.left_out, [row.address for row in rows if row.address in changed]
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


def make_client_files(
    store: Store,
    run: int,
    people: Sequence[Recipient],
    seen: RowVisibility,
    server: str,
    stationery: Mapping[str, Stationery],
    paper: Paper,
) -> bytes:
    """Return a ZIP with a workbook for mail merge and letters of each client.

    A domain without a client has its own. `people` are MAX_LETTERS at most.
    """
    by_group: dict[str, list[Recipient]] = {}
    groups = _groups(store, {each.address.rpartition("@")[2] for each in people})
    for each in people:
        by_group.setdefault(groups[each.address.rpartition("@")[2]], []).append(each)
    layout = results.Layout(server, mail_merge=True)
    workbooks = results.mail_merge_by(store, run, seen, layout, groups)
    few = len(people) <= _FEW
    pdfs: tuple[bytes, ...] = run_unless(few, letter_files.make_each, tuple(by_group.values()), stationery, paper)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pdf in zip(by_group, pdfs, strict=True):
            archive.writestr(f"{name}.xlsx", workbooks[name])
            if pdf:
                archive.writestr(f"{name}-letters.pdf", pdf)
    return packed.getvalue()


def _groups(store: Store, domains: Collection[str]) -> Mapping[str, str]:
    """Return the name of the files of each domain: that of its client, or its own."""
    with store.read() as tx:
        found = clients.of_domains(tx, domains)
    names = {domain: domain for domain in domains}
    taken = set(domains)
    for client in found:
        name = writer.safe_name(client.details.name[:_LONGEST_CLIENT]) or f"client-{client.id}"
        name = f"{name}-{client.id}" if name in taken else name
        taken.add(name)
        names |= {domain: name for domain in client.details.domains if domain in domains}
    return names
