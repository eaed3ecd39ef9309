"""Batches of rows: their addresses, domains and source."""

from mxlib.core.import_batch import ImportBatch
from mxlib.core.schema import MAX_CELL_LENGTH, make_rows


def test_an_overlong_cell_names_no_domain_of_its_length() -> None:
    long = "x" * (MAX_CELL_LENGTH + 1)
    batch = ImportBatch(make_rows({"username": ["ann", long], "domain": [long, ""]}), "a.nl")
    assert max(map(len, batch.domains)) < 100
