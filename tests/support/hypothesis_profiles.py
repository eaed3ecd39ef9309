"""The number of examples of each property, by the profile that HYPOTHESIS_PROFILE names."""

import os

from hypothesis import settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
#: Examples of a property in the fast lane.
DEV = 20


def load() -> None:
    """Load the profile; how long an example takes hangs on what else the machine does, so that none has a deadline.

    CI draws the same examples of the same code each time: a change that fails there fails again at the desk, and luck
    is left to `thorough`.
    """
    settings.register_profile("ci", deadline=None, derandomize=True, max_examples=examples(100))
    settings.register_profile("dev", deadline=None, max_examples=examples(100))
    settings.register_profile("thorough", deadline=None)
    settings.load_profile(PROFILE)


def examples(count: int) -> int:
    """Return `count` if the profile is thorough, a third of them in CI, or the few of the fast lane."""
    match PROFILE:
        case "thorough":
            return count
        case "dev":
            return min(count, DEV)
        case _:
            return max(min(count, DEV), count // 3)
