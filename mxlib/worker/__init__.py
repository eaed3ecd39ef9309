"""One process beside the server for reading and judging what may take long, so that the server answers meanwhile."""

from mxlib.worker.worker import Worker, shared

__all__ = ["Worker", "shared"]
