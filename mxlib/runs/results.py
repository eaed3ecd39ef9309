"""The results of a run: every input row, told truthfully."""

import pandas as pd

from mxlib.store import Store


def rows_frame(store: Store, run: int, *, with_passwords: bool = False) -> pd.DataFrame:
    """Every row in file order: line, address, outcome, reason, quota, limit, recovery_email, host_quota, host_limit.

    With `with_passwords` also `password`, filled for each mailbox made and blank otherwise.
    """
    raise NotImplementedError


def results_csv(store: Store, run: int) -> bytes:
    """Every input row with its own columns, its outcome and what the host has, and the passwords of mailboxes made."""
    raise NotImplementedError


def failed_csv(store: Store, run: int) -> bytes:
    """Every row that is not done, in the import format with a reason."""
    raise NotImplementedError


def results_zip(store: Store, run: int) -> bytes:
    """The results as one CSV a domain."""
    raise NotImplementedError
