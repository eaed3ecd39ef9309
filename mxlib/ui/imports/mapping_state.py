"""The state of a browser tab between a file and its preview."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mxlib.core.files.reader import Sheet
from mxlib.core.format import readable
from mxlib.core.import_batch import ImportBatch
from mxlib.core.mapping import clues, targets
from mxlib.core.mapping.choices import ColumnChoices
from mxlib.core.mapping.clues import Clue
from mxlib.core.mapping.mapping import IGNORE
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.mapping.secret_cells import holds_secrets, masked, masked_header, masked_value
from mxlib.core.schema import MASK, NAME
from mxlib.services.drafts import DraftContent
from mxlib.services.files import MappingQuestion


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file as this tab received it, to read it in another way later."""

    data: bytes = field(repr=False)
    name: str
    generate: bool

    def content(self, file: ReadFile, domain: str) -> DraftContent:
        """Return the first content of a preview of the upload as read in `file`."""
        made = file.made_usernames
        return DraftContent(ImportBatch(file.rows, domain, generate=self.generate, source=file, made=made), self.data)


@dataclass
class Step:
    """The state of a mapping step; `asked` when the operator opened it over a preview.

    `misread` says why the file was refused as it came, and `line` where, when another way to read it is proposed.
    Widgets are drawn again whenever `generation` changes. `by_values` are the columns whose meaning was proposed by
    their values, `decided` the meanings that the operator chose, and `parts` says whether first and last names are
    asked for.
    """

    upload: Upload
    question: MappingQuestion
    answer: ColumnChoices
    asked: bool
    generation: int
    refusal: str = ""
    misread: str = ""
    line: int = 0
    first_lines: dict[int, list[str]] | None = field(default=None, repr=False)
    by_values: frozenset[int] = frozenset()
    decided: frozenset[str] = frozenset()
    parts: bool = False
    #: The domain of rows that name none.
    domain: str = ""
    #: Whether the person is asked which line has the column names.
    asks_header: bool = False
    _secret: frozenset[int] | None = field(default=None, repr=False)
    _filled: frozenset[int] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Begin with what is proposed."""
        self._begin()

    @property
    def sheet(self) -> Sheet:
        """The file as it is read now."""
        return self.question.sheet

    @property
    def secret(self) -> frozenset[int]:
        """The columns that hold passwords, by their headers and their cells."""
        if self._secret is None:
            held = zip(self.sheet.header, map(self.sheet.table.column, range(len(self.sheet.header))), strict=True)
            self._secret = frozenset(at for at, (name, cells) in enumerate(held) if holds_secrets(name, cells))
        return self._secret

    @property
    def unused(self) -> dict[int, Clue]:
        """The columns that look like something and are not used."""
        return clues.unused(self.question.clues, self.answer, self._open_claims)

    @property
    def left_out(self) -> list[int]:
        """The other columns that hold something and are not used."""
        if self._filled is None:
            columns = range(len(self.sheet.header))
            self._filled = frozenset(at for at in columns if self.sheet.samples(at, 1))
        unused = self.unused
        return [at for at in sorted(self._filled) if self.answer.meanings[at] == IGNORE and at not in unused]

    def key(self, name: str) -> str:
        """Return the key of a widget."""
        return f"map-{name}-{self.generation}"

    def name(self, at: int) -> str:
        """Return a column's header as it is shown."""
        return readable(masked_header(self.sheet.header[at])) or f"Column {at + 1}"

    def names(self, *taken: str) -> list[str]:
        """Return the headers of all columns as different choices, none like one of `taken`."""
        names = [self.name(at) for at in range(len(self.sheet.header))]
        often = Counter((*names, *taken))
        return [f"{name} ({at})" if often[name] > 1 else name for at, name in enumerate(names, start=1)]

    def shown(self, cells: Iterable[str]) -> list[str]:
        """Return the cells of a row, fit for a page."""
        return [self._readable(at, cell) for at, cell in enumerate(cells)]

    def samples(self, at: int) -> list[str]:
        """Return the first values of a column, fit for a page."""
        return [self._readable(at, cell) for cell in self.sheet.samples(at)]

    def _readable(self, at: int, cell: str) -> str:
        """Return a cell; hide it if its column holds passwords or it looks like one."""
        known = (*self.question.answer.meanings[at : at + 1], *self.answer.meanings[at : at + 1])
        if cell and ("password" in known or at in self.secret):
            return MASK
        return readable(masked(masked_value(cell)))

    def choose(self, target: str, at: int | None) -> None:
        """Fill a column of a mailbox with one of the file, or with none."""
        clue = self.question.clues.get(at) if at is not None else None
        holds_addresses = clue is not None and clue.holds is clues.Holds.ADDRESSES
        before = self.answer.meanings
        self.answer = targets.with_column(self.answer, target, at, holds_addresses=holds_addresses)
        changed = {column for column, meaning in enumerate(self.answer.meanings) if meaning != before[column]}
        self.by_values -= changed
        self.decided |= {before[column] for column in changed} | {self.answer.meanings[column] for column in changed}

    def answer_claim(self, meaning: str, claimants: Sequence[int], at: int) -> None:
        """Choose one of the columns that claim a meaning.

        Another of them may then be proposed for something else.
        """
        self.answer = targets.with_claimant(self.answer, meaning, claimants, at)
        apart = self.decided | self._open_claims
        self.answer, added = clues.with_proposed(self.question.clues, self.answer, apart)
        self.by_values = self.by_values - {at} | added

    def name_apart(self) -> None:
        """Ask for first and last names instead of full ones."""
        self.choose(NAME.name, None)
        self.parts = True

    def read_as(self, question: MappingQuestion) -> None:
        """Begin again with the same file, read in another way.

        A pattern that the operator chose stays.
        """
        chosen, answer = self.answer.pattern, question.answer
        if chosen != self.question.answer.pattern:
            answer = replace(answer, pattern=chosen)
        self.question, self.answer, self.refusal = question, answer, ""
        self.first_lines = self._secret = self._filled = None
        self._begin()
        self.generation += 1

    def take(self, answer: ColumnChoices) -> None:
        """Fill in the choices of another user, to be reviewed before they are used."""
        self.question = replace(self.question, answer=answer, offer=None, conflicts=(), by_values=frozenset())
        self.answer = answer
        self._begin()
        self.generation += 1

    def refuse(self, refusal: str) -> None:
        """Leave everything as it was, and say why."""
        self.refusal = refusal
        self.generation += 1

    @property
    def _open_claims(self) -> frozenset[str]:
        """The meanings that several columns claim, as long as no person chose one of them."""
        claims = self.question.claims.items()
        return frozenset(
            meaning for meaning, columns in claims if any(self.answer.meanings[at] == "" for at in columns)
        )

    def _begin(self) -> None:
        self.by_values, self.decided = self.question.by_values, frozenset()
        self.parts = targets.has_parts(self.answer)
