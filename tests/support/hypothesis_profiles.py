"""The number of examples of each property."""

import os

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
#: Examples of a property in the fast lane.
DEV = 20


def examples(count: int) -> int:
    """Return `count`, or the few of the fast lane."""
    return min(count, DEV) if PROFILE == "dev" else count
