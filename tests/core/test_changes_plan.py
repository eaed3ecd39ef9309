"""Changes of selected mailboxes: quotas as typed, planned rows, figures and normalised values."""

import pytest

from mxlib.core.plans.changes import NewQuota


def quota(text: str) -> NewQuota:
    read = NewQuota.read(text)
    assert read is not None
    return read


@pytest.mark.parametrize(
    ("text", "of_1000", "of_unlimited"),
    [
        ("2048", 2048, 2048),
        (" 2 GB ", 2048, 2048),
        ("unlimited", 0, 0),
        ("× 2", 2000, 0),
        ("x1.5", 1500, 0),
        ("*0.0", None, None),
        ("* 0.01", 10, 0),
        ("+ 1024", 2024, 0),
        ("+1 GB", 2024, 0),
        ("+ 0", None, None),
        ("-100", None, None),
        ("much", None, None),
        ("", None, None),
    ],
)
def test_a_quota_is_absolute_or_relative_and_unlimited_stays_unlimited(
    text: str, of_1000: int | None, of_unlimited: int | None
) -> None:
    change = NewQuota.read(text)
    assert (change.of(1000) if change else None) == of_1000
    assert (change.of(0) if change else None) == of_unlimited


def test_a_multiplied_quota_never_becomes_zero_which_is_unlimited() -> None:
    assert quota("× 0.01").of(3) == 1
