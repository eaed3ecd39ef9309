"""Runs: start them, steer them, look at them; three workers for the whole process do the rest."""

from mxlib.clock import Clock
from mxlib.mailboxes.plan import Plan
from mxlib.mxroute.client import Host
from mxlib.mxroute.gate import Gate
from mxlib.runs.view import RunView
from mxlib.settings import Settings
from mxlib.store import Store


class CanNot(Exception):
    """What was asked of a run is not possible now; the message is one sentence that says why."""


class Runs:
    """All runs of this process. Every method may be called from any thread."""

    def __init__(self, store: Store, host: Host, gate: Gate, clock: Clock, settings: Settings) -> None: ...

    def start(
        self, plan: Plan, operator: str, *, retention_days: int, idempotency_key: str | None = None, address: str = ""
    ) -> int:
        """Journal `plan` and start it; the number of the run.

        The same key of the same operator, or a plan that an unfinished run already holds, gives that run's number.
        """
        raise NotImplementedError

    def pause(self, run: int) -> None:
        """Pause after what is in flight; a run that is not going on stays as it is."""

    def resume(self, run: int) -> None:
        """Go on from where the run paused, once its domains were read again."""

    def stop(self, run: int) -> None:
        """End after what is in flight; the rest is not attempted."""

    def retry_failed(self, run: int, operator: str) -> int:
        """A new run of the rows that failed or were not attempted, with the same passwords; its number.

        Raises CanNot while the run goes on, when nothing failed, or when its passwords are gone.
        """
        raise NotImplementedError

    def take_over(self, run: int, operator: str) -> None:
        """Make `operator` the run's operator."""

    def handed_over(self, run: int) -> None:
        """The passwords reached their people: forget them, for good. Raises CanNot while the run goes on."""

    def extend(self, run: int, days: int) -> None:
        """Keep the passwords readable until `days` from now."""

    def downloaded(self, run: int) -> None:
        """The results with passwords were taken away."""

    def seen(self, run: int) -> None:
        """Its operator saw how it ended or paused."""

    def unseen(self, operator: str) -> tuple[RunView, ...]:
        """The operator's runs that ended or paused while nobody looked."""
        raise NotImplementedError

    def view(self, run: int) -> RunView | None:
        """How it stands with one run."""
        raise NotImplementedError

    def views(self, most: int = 200) -> tuple[RunView, ...]:
        """The latest runs, newest first."""
        raise NotImplementedError

    def estimate(self, writes: int) -> float:
        """Seconds that so many more writes will take, behind those of other runs."""
        raise NotImplementedError

    def backlog(self) -> int:
        """Rows of all runs that still wait for their request."""
        raise NotImplementedError

    def active(self) -> int:
        """How many runs are neither paused nor at an end."""
        raise NotImplementedError

    def problems(self) -> list[str]:
        """What is not well with the runs, one sentence each."""
        raise NotImplementedError

    def purge(self) -> int:
        """Forget the passwords that were kept long enough; of how many runs. The workers call it by themselves."""
        raise NotImplementedError

    def recover(self) -> None:
        """Take up what an earlier process left, and start the workers."""

    def shutdown(self, patience: float = 8.0) -> None:
        """Send nothing more, wait for what is in flight, leave every run resumable."""
