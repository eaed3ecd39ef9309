"""A file whose columns are understood: its sheet, their mapping, and the rows made of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa

from mxlib.core.files import time_budget
from mxlib.core.files.sheet import Sheet
from mxlib.core.mapping import mapping, presets
from mxlib.core.mapping.mapping import ColumnMapping


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file as it was read: the sheet, how its columns were understood, and the rows that came of it, in its order."""

    sheet: Sheet = field(repr=False)
    columns: ColumnMapping
    rows: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...]

    def cells(self, origin: int) -> Mapping[str, str]:
        """The columns of a row of the file that MXM has no use for, for the results; never a password.

        A crowded row has none, mended or not: any of its cells may hold a piece of a password.
        """
        if self.rows["fault"].iat[origin]:
            return {}
        return mapping.original_cells(self.sheet, origin, self.columns)


def understood(
    sheet: Sheet,
    chosen: Mapping[int, str] | None = None,
    *,
    usernames: pa.Array | None = None,
    do: Callable[..., Any] = lambda _small, work, *arguments, **named: work(*arguments, **named),
) -> ReadFile:
    """The rows of a sheet; `do` does what takes long, as `Previews.do`.

    Without `chosen` meanings, an export of another system is known by its header.
    Raises FileRefused when two columns claim one meaning, or none tells usernames or addresses and there are no others.
    """
    preset = presets.find(sheet.header) if chosen is None else None
    columns = mapping.detect_columns(sheet.header, chosen=preset.meanings(sheet.header) if preset else chosen)
    columns = do(time_budget.is_light(sheet), mapping.without_secrets, sheet, columns)
    rows, notes = do(time_budget.is_light(sheet), mapping.rows_from_sheet, sheet, columns, usernames=usernames)
    return ReadFile(sheet, columns, rows, (preset.told, *notes) if preset else notes)
