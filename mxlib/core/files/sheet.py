"""A table as read from a file, before its columns have a meaning."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.files.encoding import DELIMITERS, ENCODINGS
from mxlib.core.notes import Note

#: The arrow type of rows. Offsets have 32 bits, since most cells are short and many are blank.
ROWS = pa.list_(pa.string())


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a file.

    `bytes` of the file, `rows` without the header, and `unpacked` bytes of a workbook.
    """

    bytes: int = 10_000_000
    rows: int = 10_000
    unpacked: int = 60_000_000


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options of reading a file, as given or as found.

    Given to `reader.read`, None leaves the choice to the reader. `sheet` applies to a workbook; `encoding`,
    `delimiter` and `quoted` to a text. A `header_line` of 0 means that the table has no header. If `quoted` is False,
    a quote is an ordinary character and never encloses a cell.
    """

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_line: int | None = None
    quoted: bool | None = None

    def describe(self) -> str:
        """Describe how the file was read: `UTF-8, semicolons, header in line 3`."""
        parts = [
            ENCODINGS.get(self.encoding or "", ""),
            DELIMITERS.get(self.delimiter or "", f"delimiter {self.delimiter!r}" if self.delimiter else ""),
            "quotes as characters" if self.quoted is False else "",
            f"sheet {self.sheet}" if self.sheet is not None else "",
            f"header in line {self.header_line}" if self.header_line else "no header",
        ]
        return ", ".join(filter(None, parts))


@dataclass(frozen=True)
class Table:
    """Rows of text cells, with the physical line on which each row starts.

    Each row has its own number of cells. `stray` holds the positions of rows in which text follows a closing quote.
    """

    rows: pa.ListArray = field(repr=False)
    lines: npt.NDArray[np.int64] = field(repr=False)
    stray: frozenset[int] = frozenset()
    #: Rows and columns of cells that hold a date or a time in a workbook.
    dates: frozenset[tuple[int, int]] = field(default=frozenset(), repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Return the number of cells of each row."""
        lengths: npt.NDArray[np.int64] = self.rows.value_lengths().to_numpy().astype(np.int64)
        return lengths

    def column(self, position: int) -> pa.Array:
        """Return one column, blank where a row ends before it."""
        missing = self.lengths <= position
        places = pa.array(self.rows.offsets.to_numpy()[:-1] + position, mask=missing if missing.any() else None)
        return self.rows.values.take(places).fill_null("").cast(pa.large_string())

    def row(self, origin: int) -> list[str]:
        """Return the cells of one row."""
        cells: list[str] = self.rows[origin].as_py()
        return cells

    def crowded(self, width: int) -> npt.NDArray[np.int64]:
        """Return the positions of rows with filled cells beyond `width` columns."""
        longer = np.flatnonzero(self.lengths > width)
        if not len(longer):
            return longer
        beyond = pc.list_slice(self.rows.take(pa.array(longer)), width)
        filled = arrow_text.mask(pc.not_equal(arrow_text.stripped(beyond.flatten()), ""))
        return np.unique(np.repeat(longer, beyond.value_lengths().to_numpy())[filled])


@dataclass(frozen=True)
class Sheet:
    """A file as read: header, rows, the options used, and the title.

    `title` is the text above the header. `digest` is the SHA-256 of the file's bytes, in hex. `sheets` are the names of
    a workbook's sheets. `notes` are those of reading, before the columns have a meaning.
    """

    name: str
    digest: str
    options: ReadOptions
    header: tuple[str, ...]
    table: Table = field(repr=False)
    title: str = ""
    sheets: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    #: Whether nothing shows that the header is one.
    unsure: bool = False

    def __len__(self) -> int:
        return len(self.table)

    def samples(self, position: int, most: int = 3) -> list[str]:
        """Return the first filled cells of a column."""
        cells = arrow_text.stripped(self.table.column(position))
        found: list[str] = cells.filter(pc.not_equal(cells, "")).slice(0, most).to_pylist()
        return found
