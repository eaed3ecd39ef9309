"""The state of a browser tab between a file and its preview."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mxlib.core.files.reader import Sheet
from mxlib.core.format import readable
from mxlib.core.import_batch import ImportBatch
from mxlib.core.mapping.choices import ColumnChoices
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.mapping.secret_cells import holds_secrets, masked, masked_header, masked_value
from mxlib.core.schema import MASK
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
        return DraftContent(ImportBatch(file.rows, domain, generate=self.generate, source=file), self.data)


@dataclass
class Step:
    """The state of a mapping step; `asked` when the operator opened it over a preview.

    `misread` says why the file was refused as it came, and `line` where, when another way to read it is proposed.
    Widgets are drawn again whenever `generation` changes.
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
    _secret: frozenset[int] | None = field(default=None, repr=False)

    @property
    def sheet(self) -> Sheet:
        """The file as it is read now."""
        return self.question.sheet

    @property
    def secret(self) -> frozenset[int]:
        """The columns that hold passwords, by their headers and their looks."""
        if self._secret is None:
            held = zip(self.sheet.header, map(self.sheet.table.column, range(len(self.sheet.header))), strict=True)
            self._secret = frozenset(at for at, (name, cells) in enumerate(held) if holds_secrets(name, cells))
        return self._secret

    def key(self, name: str) -> str:
        """Return the key of a widget."""
        return f"map-{name}-{self.generation}"

    def name(self, at: int) -> str:
        """Return a column's header as it is shown."""
        return readable(masked_header(self.sheet.header[at])) or f"Column {at + 1}"

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

    def read_as(self, question: MappingQuestion) -> None:
        """Begin again with the same file, read in another way."""
        self.question, self.answer, self.refusal = question, question.answer, ""
        self.first_lines = self._secret = None
        self.generation += 1

    def take(self, answer: ColumnChoices) -> None:
        """Fill in the choices of another user, to be reviewed before they are used."""
        self.question, self.answer = replace(self.question, answer=answer, offer=None, conflicts=()), answer
        self.generation += 1

    def refuse(self, refusal: str) -> None:
        """Leave everything as it was, and say why."""
        self.refusal = refusal
        self.generation += 1
