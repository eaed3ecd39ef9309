"""One process next to the server for slow work.

It reads and validates files, so that the server keeps answering.
"""

from mxlib.worker.worker import Worker, run_unless, shared

__all__ = ["Worker", "run_unless", "shared"]
