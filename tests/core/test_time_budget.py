"""Work for the server process is light whatever its data holds; all that may take long is recognised beforehand."""

import io
import zipfile

import pandas as pd
import pytest

from mxlib.core.files import reader, time_budget
from mxlib.core.schema import make_rows
from tests.support.xlsx_files import STAFF, book


def archive(content: bytes, parts: int = 1) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(parts):
            made.writestr(f"{number}.xml", content)
    return packed.getvalue()


def people(count: int, **cells: str) -> pd.DataFrame:
    """Return rows with distinct usernames; `cells` are templates of cells with the number of the row."""
    columns = {"username": "user{}"} | cells
    return make_rows({name: [cell.format(number) for number in range(count)] for name, cell in columns.items()})


@pytest.mark.parametrize(("size", "is_small"), [(0, True), (30_000, True), (30_001, False)])
def test_a_text_is_small_up_to_its_limit_of_bytes(size: int, is_small: bool) -> None:
    assert time_budget.is_small(b"x" * size) is is_small


def test_an_ordinary_workbook_is_small() -> None:
    assert time_budget.is_small(book(Staff=STAFF))


@pytest.mark.parametrize(("unpacked", "is_small"), [(1_000_000, True), (1_000_001, False)])
def test_a_workbook_is_measured_by_its_unpacked_size(unpacked: int, is_small: bool) -> None:
    data = archive(b" " * unpacked)
    assert len(data) < 2_000
    assert time_budget.is_small(data) is is_small


def test_the_unpacked_size_of_a_workbook_is_the_sum_of_its_parts() -> None:
    assert time_budget.is_small(archive(b" " * 400_000, parts=2))
    assert not time_budget.is_small(archive(b" " * 400_000, parts=3))


def test_a_workbook_with_too_many_parts_to_look_into_is_not_small() -> None:
    entry = b"PK\x01\x02"
    assert time_budget.is_small(b"PK\x03\x04" + entry * 2_000)
    assert not time_budget.is_small(b"PK\x03\x04" + entry * 2_001)


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x05\x06" + b"\xff" * 40, book(Staff=STAFF)[:-30]])
def test_a_damaged_archive_is_small_since_it_is_refused_at_once(data: bytes) -> None:
    assert time_budget.is_small(data)


@pytest.mark.parametrize("kind", [str, bytes])
def test_pasted_text_is_short_up_to_its_limit(kind: type[str] | type[bytes]) -> None:
    text = "x" * 100_000
    assert time_budget.is_short(text if kind is str else text.encode())
    assert not time_budget.is_short(text + "x" if kind is str else text.encode() + b"x")


def test_a_sheet_is_light_by_the_size_of_its_table() -> None:
    line = "user," + "x" * 990
    assert time_budget.is_light(reader.read(f"username,note\n{line}\n".encode(), "staff.csv"))
    assert time_budget.is_light(reader.read(("username,note\n" + f"{line}\n" * 1_900).encode(), "staff.csv"))
    assert not time_budget.is_light(reader.read(("username,note\n" + f"{line}\n" * 2_100).encode(), "staff.csv"))


@pytest.mark.parametrize(("count", "is_heavy"), [(0, False), (1, False), (20_000, False), (20_001, True)])
def test_validation_is_heavy_beyond_a_number_of_rows(count: int, is_heavy: bool) -> None:
    assert time_budget.is_heavy(people(count)) is is_heavy


@pytest.mark.parametrize("column", ["username", "domain", "recovery_email"])
def test_validation_is_heavy_for_many_different_cells_beyond_ascii(column: str) -> None:
    assert not time_budget.is_heavy(people(1_000, **{column: "jürgen{}"}))
    assert time_budget.is_heavy(people(1_001, **{column: "jürgen{}"}))


def test_cells_beyond_ascii_count_over_all_columns() -> None:
    assert not time_budget.is_heavy(people(500, username="jürgen{}", domain="müller{}.nl"))
    assert time_budget.is_heavy(people(501, username="jürgen{}", domain="müller{}.nl"))


def test_a_repeated_cell_beyond_ascii_counts_once() -> None:
    assert not time_budget.is_heavy(people(5_000, domain="müller.nl"))


def test_cells_of_other_columns_are_not_counted() -> None:
    assert not time_budget.is_heavy(people(5_000, name="Jürgen {}", password="Größe{}"))
