"""The client: sends what `messages` builds through the gate, and hears what comes of it."""

import httpx

from mxlib.clock import Clock
from mxlib.mxroute.gate import Gate
from mxlib.mxroute.messages import Answer, Request
from mxlib.settings import Settings


class Host:
    """The host, over one shared connection pool. Every method may be called from any thread."""

    def __init__(
        self, settings: Settings, gate: Gate, clock: Clock, transport: httpx.BaseTransport | None = None
    ) -> None:
        raise NotImplementedError

    def send(
        self, request: Request, *, urgent: bool = False, patience: float | None = None, gated: bool = True
    ) -> Answer:
        """Pass the gate, send, and read the answer; raises one of `errors`.

        `gated=False`: the caller has its slot from the gate already. Busy when the slot is over `patience` seconds off.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the connections."""
        raise NotImplementedError
