"""The services of one process: opened once, shared by every page and request."""

import os
import threading
import time
from dataclasses import dataclass

from pydantic import SecretStr

from mxlib import sandbox as stand_in
from mxlib.auth.permissions import Caller
from mxlib.auth.sessions import Sessions
from mxlib.auth.sign_in import Entrance
from mxlib.auth.tokens import Tokens
from mxlib.auth.users import Users
from mxlib.clock import Clock, SystemClock
from mxlib.mxroute.client import Host
from mxlib.mxroute.rate_limiter import Gate
from mxlib.mxroute.rate_limits import Pace
from mxlib.runs.manager import Runs
from mxlib.services.access import Access
from mxlib.services.account_storage import Storage
from mxlib.services.audit_log import Trail
from mxlib.services.capacity import Preflight
from mxlib.services.changes import Changing
from mxlib.services.drafts import Drafts
from mxlib.services.exports import Exports
from mxlib.services.files import Mappings
from mxlib.services.history import Histories
from mxlib.services.housekeeping import Housekeeping
from mxlib.services.idempotency import Claims
from mxlib.services.imports import Previews
from mxlib.services.mailbox_lists import Lists
from mxlib.services.mailboxes import Mailboxes
from mxlib.services.manual_writes import ManualWrites
from mxlib.services.program_changes import Orders
from mxlib.services.program_imports import Imports
from mxlib.services.run_watch import Watch
from mxlib.services.runs import Running
from mxlib.services.search import Finding
from mxlib.services.selections import Selections
from mxlib.services.unconfirmed import UnconfirmedWrites
from mxlib.services.undo import Undoing
from mxlib.settings import Settings
from mxlib.store import FILE, Store
from mxlib.worker import shared


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a page or a route calls."""

    settings: Settings
    clock: Clock
    store: Store
    host: Host
    gate: Gate
    engine: Runs
    lists: Lists
    previews: Previews
    mappings: Mappings
    drafts: Drafts
    runs: Running
    watch: Watch
    exports: Exports
    imports: Imports
    mailboxes: Mailboxes
    manual: ManualWrites
    unconfirmed: UnconfirmedWrites
    changing: Changing
    orders: Orders
    finding: Finding
    histories: Histories
    selections: Selections
    storage: Storage
    preflight: Preflight
    tokens: Tokens
    trail: Trail
    undoing: Undoing
    users: Users
    sessions: Sessions
    entrance: Entrance
    access: Access
    housekeeping: Housekeeping
    sandbox: "stand_in.Served | None" = None

    @property
    def on_sandbox(self) -> bool:
        """Whether the sandbox stands in for the host."""
        return self.sandbox is not None

    @property
    def on_loopback(self) -> bool:
        """Whether only this computer can reach the dashboard, so that it must stay awake for a run."""
        return not self.settings.public_url

    def unwell(self, caller: Caller) -> list[str]:
        """Return what is not well, one sentence each, as far as the caller may know."""
        return [*self.lists.problems(caller), *self.engine.problems(), *self.housekeeping.problems()]

    def host_is_well(self) -> bool | None:
        """Return whether MXroute did as asked at the last try; None before the first one."""
        problem = self.lists.last_problem()
        return False if self.engine.silent() else None if problem is None else not problem

    def close(self) -> bool:
        """Let what is in flight finish, then let go of everything; whether all requests had ended in time."""
        ended = self.engine.shutdown()
        self.manual.close()
        self.host.close()
        self.storage.close()
        self.store.close()
        if self.sandbox:
            self.sandbox.stop()
        return ended


_lock = threading.Lock()
_current: Services | None = None


def build(settings: Settings, clock: Clock | None = None) -> Services:
    """Put the services together: the sandbox stands in for the host when no account is set."""
    clock = clock or SystemClock()
    served, pace = None, Pace()
    if settings.sandbox:
        window, writes, reads = settings.sandbox_window_s, settings.sandbox_writes, settings.sandbox_reads
        pace = Pace(window=window, writes=writes, reads=reads)
        served = stand_in.serve(
            stand_in.believable(
                window=window,
                writes=writes,
                reads=reads,
                big=settings.sandbox_big,
                state_file=settings.data_dir / "sandbox.jsonl",
            )
        )
        settings = settings.model_copy(
            update={
                "api_url": served.url,
                "server": "sandbox.local",
                "user": "sandbox",
                "api_key": SecretStr("sandbox"),
            }
        )
    store = Store.open(settings.data_dir / FILE, clock, settings.secret_key.get_secret_value())
    gate = Gate(pace, clock)
    return assemble(settings, clock, store, Host(settings, gate, clock), gate, served)


def assemble(
    settings: Settings, clock: Clock, store: Store, host: Host, gate: Gate, sandbox: "stand_in.Served | None" = None
) -> Services:
    """The services over a store and a host that are open already."""
    housekeeping = Housekeeping(settings, store, clock)
    engine = Runs(store, host, gate, clock, settings, chores=(housekeeping.check, housekeeping.tidy))
    lists = Lists(store, host, clock)
    runs = Running(store, engine, clock)
    storage = Storage(store, host, lists, clock)
    preflight = Preflight(store, storage, clock)
    previews = Previews(settings, lists, runs, preflight, clock)
    exports = Exports(store, lists, runs, clock)
    manual = ManualWrites(settings, store, host, lists, engine, clock)
    mailboxes = Mailboxes(settings, store, host, lists, previews, manual, clock)
    sessions = Sessions(store, clock, settings)
    users = Users(store, clock, provider=bool(settings.oidc_issuer), woken=sessions.wake)
    claims = Claims(store, clock)
    changing = Changing(lists, mailboxes, runs, preflight, clock)
    tokens, on_sandbox = Tokens(store, clock), sandbox is not None or settings.sandbox
    entrance = Entrance(store, clock, settings, users, sessions, sandbox=on_sandbox)
    return Services(
        settings, clock, store, host, gate, engine, lists, previews, Mappings(store, previews, lists, clock),
        Drafts(settings, store, previews, clock), runs, Watch(runs, clock),
        exports=exports,
        selections=Selections(exports),
        imports=Imports(settings, claims, previews, runs, lists, clock),
        mailboxes=mailboxes,
        manual=manual,
        unconfirmed=UnconfirmedWrites(store, manual, clock),
        changing=changing,
        orders=Orders(settings, store, claims, changing, runs),
        finding=Finding(store, lists, clock),
        histories=Histories(store),
        storage=storage,
        preflight=preflight,
        tokens=tokens,
        trail=Trail(store, clock),
        undoing=Undoing(store, lists, engine, runs, clock),
        users=users,
        sessions=sessions,
        entrance=entrance,
        access=Access(store, clock, lists, users, tokens, entrance),
        housekeeping=housekeeping,
        sandbox=sandbox,
    )  # fmt: skip


def open_services(settings: Settings | None = None) -> Services:
    """The services of this process, opened at the first call; unfinished runs go on."""
    global _current
    with _lock:
        if _current is None:
            _current = build(settings or Settings())
            _current.engine.recover()
            _current.manual.start()
        return _current


def current() -> Services:
    """The services of this process."""
    return _current or open_services()


def install(services: Services | None) -> None:
    """Make `services` those of this process; for tests."""
    global _current
    with _lock:
        _current = services


def close_services() -> bool:
    """Close the services of this process, if they are open; whether all requests had ended in time."""
    global _current
    with _lock:
        services, _current = _current, None
    shared().close()
    return services is None or services.close()


def leave_requests_behind(after: float = 1.0) -> None:
    """End this process in so many seconds, though a request is stuck.

    The interpreter would wait for the executor's threads, that is for the host's time-out. Nothing is lost by not
    waiting: what was sent is in the journal, and the next start settles it.
    """

    def leave() -> None:
        time.sleep(after)
        os._exit(0)

    threading.Thread(target=leave, name="mxm-leave", daemon=True).start()
