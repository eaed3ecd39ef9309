"""The services of one process: opened once, shared by every page and request."""

import os
import threading
import time
from dataclasses import dataclass

from pydantic import SecretStr

from mxlib import sandbox as stand_in
from mxlib.auth import authority
from mxlib.auth.passwords import agency_words
from mxlib.auth.permissions import Caller
from mxlib.auth.refusals import Refusals
from mxlib.auth.sessions import Sessions
from mxlib.auth.sign_in import Authenticator
from mxlib.auth.tokens import Tokens
from mxlib.auth.users import Users
from mxlib.clock import Clock, SystemClock
from mxlib.core.days import Days
from mxlib.core.mails import MailCause
from mxlib.mail.choice import choose_transport
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.mxroute.rate_limits import RateLimits
from mxlib.outgoing.mail_probe import MailProbe
from mxlib.runs.manager import RunManager
from mxlib.services import background_tasks, event_sources, sandbox_history
from mxlib.services.access import AccessService
from mxlib.services.account_storage import AccountStorageService
from mxlib.services.audit_log import AuditLog
from mxlib.services.audit_proof import AuditProof
from mxlib.services.background_tasks import BackgroundTasks
from mxlib.services.backups import Backups
from mxlib.services.changes import ChangeService
from mxlib.services.channels import ChannelService
from mxlib.services.client_terms import ClientTerms
from mxlib.services.clients import ClientService
from mxlib.services.dated_deletions import DatedDeletions
from mxlib.services.deliveries import Deliveries
from mxlib.services.departures import DepartureService
from mxlib.services.drafts import DraftService
from mxlib.services.evidence import EvidenceService
from mxlib.services.exports import ExportService
from mxlib.services.files import FileService
from mxlib.services.handover import HandoverService
from mxlib.services.handover_texts import HandoverTexts
from mxlib.services.heartbeat import Heartbeat
from mxlib.services.history import MailboxHistoryService
from mxlib.services.host_status import HostStatusService
from mxlib.services.housekeeping import Housekeeping
from mxlib.services.idempotency import IdempotencyKeys
from mxlib.services.imports import ImportService
from mxlib.services.jump import JumpService
from mxlib.services.link_facts import LinkFacts
from mxlib.services.link_files import LinkFiles
from mxlib.services.link_letters import LinkLetters
from mxlib.services.link_mails import LinkMails
from mxlib.services.link_maker import USUAL_PORT, LinkMaker
from mxlib.services.link_plans import LinkPlans
from mxlib.services.list_reader import ListReader
from mxlib.services.mail_ports import MailPortsService
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.services.mailboxes import MailboxService
from mxlib.services.manual_writes import ManualWrites
from mxlib.services.month_mails import MonthMails
from mxlib.services.notice_mails import NoticeMails
from mxlib.services.notice_maker import NoticeMaker
from mxlib.services.notices import NoticeService
from mxlib.services.outbox import OutboxService
from mxlib.services.overview import OverviewService
from mxlib.services.own_sessions import OwnSessions
from mxlib.services.password_links import PasswordLinks
from mxlib.services.recovery_links import RecoveryLinks
from mxlib.services.run_watch import RunWatch
from mxlib.services.runs import RunService
from mxlib.services.saved_views import SavedViewService
from mxlib.services.search import MailboxSearch
from mxlib.services.self_service import SelfService
from mxlib.services.sent_links import SentLinks
from mxlib.services.server_figures import ServerFiguresService
from mxlib.services.text_samples import TextSamples
from mxlib.services.unconfirmed import UnconfirmedWrites
from mxlib.services.undo import UndoService
from mxlib.services.usage import UsageService
from mxlib.services.usage_exports import UsageExports
from mxlib.services.usage_watch import UsageWatch
from mxlib.settings import Settings
from mxlib.store import Store
from mxlib.store.signals import Listener, Signal
from mxlib.tasks import TaskName, TaskRunner
from mxlib.worker import shared

#: Seconds within which what is in flight ends before the server stops. With the rest it is under 30.
DRAIN_S = 18.0


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a page or a route calls."""

    settings: Settings
    clock: Clock
    store: Store
    host: MXrouteClient
    rate_limiter: RateLimiter
    run_manager: RunManager
    lists: MailboxLists
    list_reader: ListReader
    imports: ImportService
    files: FileService
    drafts: DraftService
    runs: RunService
    run_watch: RunWatch
    exports: ExportService
    handover: HandoverService
    mailboxes: MailboxService
    manual_writes: ManualWrites
    unconfirmed: UnconfirmedWrites
    changes: ChangeService
    dated_deletions: DatedDeletions
    search: MailboxSearch
    saved_views: SavedViewService
    jump: JumpService
    overview: OverviewService
    usage: UsageService
    usage_exports: UsageExports
    host_status: HostStatusService
    histories: MailboxHistoryService
    storage: AccountStorageService
    clients: ClientService
    handover_texts: HandoverTexts
    text_samples: TextSamples
    self_service: SelfService
    tokens: Tokens
    audit_log: AuditLog
    audit_proof: AuditProof
    refusals: Refusals
    undo: UndoService
    users: Users
    sessions: Sessions
    authenticator: Authenticator
    access: AccessService
    departures: DepartureService
    own_sessions: OwnSessions
    evidence: EvidenceService
    housekeeping: Housekeeping
    backups: Backups
    task_runner: TaskRunner
    outbox: OutboxService
    link_plans: LinkPlans
    link_maker: LinkMaker
    sent_links: SentLinks
    password_links: PasswordLinks
    recovery_links: RecoveryLinks
    link_mails: LinkMails
    link_files: LinkFiles
    link_letters: LinkLetters
    usage_watch: UsageWatch
    notices: NoticeService
    background_tasks: BackgroundTasks
    server_figures: ServerFiguresService
    mail_ports: MailPortsService
    channels: ChannelService
    deliveries: Deliveries
    listener: Listener
    sandbox: "stand_in.Served | None" = None

    @property
    def on_sandbox(self) -> bool:
        """Return whether the sandbox stands in for MXroute."""
        return self.sandbox is not None or bool(self.settings.sandbox_url)

    @property
    def on_loopback(self) -> bool:
        """Return whether only this computer can reach the dashboard: then it must stay awake for a run."""
        return not self.settings.public_url

    def unwell(self, caller: Caller) -> list[str]:
        """Return the current problems, one sentence each, as far as the caller may know."""
        return [
            *self.lists.problems(caller),
            *self.runs.problems(caller),
            *self.housekeeping.problems(),
            *self.audit_proof.problems(caller),
            *self.backups.waits(),
            *((*self.backups.problems(), *self.outbox.problems()) if caller.admin else ()),
            *self.background_tasks.problems(caller),
        ]

    def host_is_well(self) -> bool | None:
        """Return whether MXroute answered well at the last try; None before the first one."""
        problem = self.lists.last_problem()
        return False if self.run_manager.silent() else None if problem is None else not problem

    def start(self) -> None:
        """Resume unfinished runs, and begin what the server does by itself."""
        self.run_manager.recover()
        self.listener.start()
        self.manual_writes.start()
        self.list_reader.start()
        self.task_runner.start()

    @property
    def is_draining(self) -> bool:
        """Return whether this process begins nothing more, since it ends soon."""
        return self.run_manager.is_closing

    def drain(self, patience: float = DRAIN_S) -> bool:
        """Begin nothing more, and wait for what is in flight.

        Returns whether all of it has its outcome.
        Pages and reads still work meanwhile. What waits is taken up by the next start, or by another process at once.
        """
        until = self.clock.monotonic() + patience

        def left() -> float:
            return max(0.0, until - self.clock.monotonic())

        self.run_manager.begin_shutdown()
        self.manual_writes.begin_shutdown()
        self.task_runner.begin_shutdown()
        written = self.manual_writes.close(left())
        done = self.task_runner.close(left())
        self.list_reader.close(left())
        return self.run_manager.shutdown(left()) and written and done  # last: it releases the ownership of the runs

    def close(self, patience: float = 8.0) -> bool:
        """Let requests in flight finish, then close everything; return whether all had ended in time."""
        authority.report_refusals(None)
        ended = self.run_manager.shutdown(patience)
        self.task_runner.close(patience)
        self.manual_writes.close(min(patience, 5.0))
        self.host.close()
        self.list_reader.close(min(patience, 5.0))
        self.storage.close()
        self.listener.close()
        self.store.close()
        if self.sandbox:
            self.sandbox.stop()
        return ended


_lock = threading.Lock()
_current: Services | None = None


def build(settings: Settings, clock: Clock | None = None, *, port: int = USUAL_PORT) -> Services:
    """Put the services together: the sandbox stands in for the host when no account is set.

    `port` is that of the dashboard, for links where no address is set.
    """
    clock = clock or SystemClock()
    served, rate_limits = None, RateLimits()
    if settings.sandbox:
        window, writes, reads = settings.sandbox_window_s, settings.sandbox_writes, settings.sandbox_reads
        rate_limits = RateLimits(window=window, writes=writes, reads=reads)
        served = (
            None
            if settings.sandbox_url
            else stand_in.serve(
                stand_in.believable(
                    window=window,
                    writes=writes,
                    reads=reads,
                    big=settings.sandbox_big,
                    domains=settings.sandbox_domains,
                    state_file=settings.data_dir / "sandbox.jsonl",
                )
            )
        )
        settings = settings.model_copy(
            update={
                "api_url": served.url if served else settings.sandbox_url,
                "server": "sandbox.local",
                "user": "sandbox",
                "api_key": SecretStr("sandbox"),
            }
        )
    store = Store.configured(
        settings.data_dir, settings.database_url.get_secret_value(), clock, settings.secret_key.get_secret_value()
    )
    rate_limiter = RateLimiter(rate_limits, clock)
    host = MXrouteClient(settings, rate_limiter, clock)
    return assemble(settings, clock, store, host, rate_limiter, served, port=port)


def assemble(
    settings: Settings,
    clock: Clock,
    store: Store,
    host: MXrouteClient,
    rate_limiter: RateLimiter,
    sandbox: "stand_in.Served | None" = None,
    *,
    port: int = USUAL_PORT,
) -> Services:
    """Build the services over a store and a client that are open already."""
    store.days = Days.of(settings.timezone)
    on_sandbox = sandbox is not None or settings.sandbox or bool(settings.sandbox_url)
    housekeeping, proof = Housekeeping(settings, store, clock), AuditProof(store, clock)
    refusals, backups = Refusals(store, clock), Backups(settings, store, clock, lambda: engine.continue_held())
    authority.report_refusals(refusals.permission)
    outbox = OutboxService(settings, store, clock, choose_transport(settings, sandbox=on_sandbox))
    task_runner = background_tasks.make_runner(store, clock, refusals, lambda: engine.owns())
    engine = RunManager(
        store, host, rate_limiter, clock, settings, erase_soon=lambda: task_runner.run_soon(TaskName.ERASURE)
    )
    lists = MailboxLists(store, host, clock)
    terms = ClientTerms(store, lists)
    texts = HandoverTexts(store, clock, settings.server, settings.portal_url)
    runs = RunService(store, engine, terms, texts, clock, settings.server)
    storage = AccountStorageService(store, host, lists, clock)
    watch = RunWatch(runs, clock)
    host_status = HostStatusService(lists, watch, engine, rate_limiter)
    notice_mails = NoticeMails(store, outbox, clock, settings.public_url)
    mail_ports = MailPortsService(
        store, clock, settings.server, None if on_sandbox else MailProbe(settings.server)
    )  # fmt: skip
    sources = event_sources.all_sources(store, host_status.state, backups, clock.now(), mail_ports.state)
    deliveries = Deliveries(settings, store, clock, outbox, catches=on_sandbox)
    notice_maker = NoticeMaker(store, clock, sources, [notice_mails.queue, deliveries.queue])
    task_runner.register(background_tasks.of_notices(notice_maker))
    claims = IdempotencyKeys(store, clock)
    imports = ImportService(settings, store, lists, runs, storage, claims, terms, clock)
    files = FileService(settings, store, lists, clock)
    exports = ExportService(store, lists, runs, clock)
    manual = ManualWrites(settings, store, host, engine, clock)
    mailboxes = MailboxService(settings, store, host, lists, imports, manual, terms, clock)
    sessions = Sessions(store, clock, settings)
    users = Users(
        store, clock, provider=bool(settings.oidc_issuer), woken=sessions.wake, agency=agency_words(settings)
    )  # fmt: skip
    tokens = Tokens(store, clock, refusals)
    usage_watch = UsageWatch(store, host, rate_limiter, storage, clock)
    dated = DatedDeletions(settings, store, host, lists, engine, users, tokens, clock)
    link_facts = LinkFacts(lists, settings.user)
    link_maker = LinkMaker(settings, store, link_facts, outbox, texts, clock, port)
    for cause in (MailCause.LINK, MailCause.RESET, MailCause.RECOVERY):
        outbox.listen(cause, link_maker.mail_changed)
    self_service = SelfService(settings, store, clock, lists, outbox, texts, link_maker)
    background_tasks.register_all(
        task_runner,
        clock,
        engine,
        housekeeping,
        proof,
        backups,
        dated,
        outbox,
        link_maker,
        self_service,
        usage_watch,
        MonthMails(settings, store, outbox, clock, port),
        Heartbeat(settings),
        mail_ports,
        deliveries,
    )
    changing = ChangeService(settings, store, lists, mailboxes, runs, storage, claims, terms, dated, clock)
    authenticator = Authenticator(store, clock, settings, users, sessions, sandbox=on_sandbox)
    clients, drafts = ClientService(store, clock), DraftService(settings, store, files, clock)
    overview = OverviewService(store, lists, runs, drafts, dated, clients, storage, clock)
    sent_links = SentLinks(store, link_facts, link_maker, runs, clock)
    return Services(
        settings, clock, store, host, rate_limiter, engine, lists,
        ListReader(store, lists, engine, rate_limiter, clock), imports, files, drafts, runs, watch,
        exports=exports,
        handover=HandoverService(store, runs, texts, clock),
        mailboxes=mailboxes,
        manual_writes=manual,
        unconfirmed=UnconfirmedWrites(store, manual, clock),
        changes=changing,
        dated_deletions=dated,
        search=MailboxSearch(store, lists, clock),
        saved_views=SavedViewService(store, clock),
        jump=JumpService(store, watch),
        overview=overview,
        usage=UsageService(store, clock),
        usage_exports=UsageExports(store, overview, clock),
        host_status=host_status,
        histories=MailboxHistoryService(store),
        storage=storage,
        clients=clients,
        handover_texts=texts,
        text_samples=TextSamples(texts, outbox),
        self_service=self_service,
        tokens=tokens,
        audit_log=AuditLog(store, clock),
        audit_proof=proof,
        refusals=refusals,
        undo=UndoService(store, lists, engine, runs, terms, clock),
        users=users,
        sessions=sessions,
        authenticator=authenticator,
        access=AccessService(store, clock, lists, users, tokens, authenticator),
        departures=DepartureService(store, clock, users, engine, changing, lists),
        own_sessions=OwnSessions(store, clock, users, sessions),
        evidence=EvidenceService(settings, store, clock, authenticator),
        housekeeping=housekeeping,
        backups=backups,
        task_runner=task_runner,
        outbox=outbox,
        link_plans=LinkPlans(store, link_facts, outbox, texts, runs, claims, clock),
        link_maker=link_maker,
        sent_links=sent_links,
        password_links=PasswordLinks(settings, store, host, manual, outbox, link_maker, clock),
        recovery_links=RecoveryLinks(store, link_maker, outbox, clock),
        link_mails=LinkMails(link_maker, outbox, texts, clock),
        link_files=LinkFiles(store, sent_links, clock),
        link_letters=LinkLetters(store, link_facts, link_maker, texts, runs, clock, settings.server),
        usage_watch=usage_watch,
        notices=NoticeService(store, clock),
        background_tasks=BackgroundTasks(store, clock, task_runner),
        mail_ports=mail_ports,
        channels=ChannelService(settings, store, clock, outbox, deliveries),
        deliveries=deliveries,
        listener=Listener(store, {Signal.RUNS: engine.heard, Signal.SESSIONS: sessions.wake_all}),
        server_figures=ServerFiguresService(
            store, clock, host, rate_limiter, lists, engine, usage_watch, backups, task_runner
        ),
        sandbox=sandbox,
    )  # fmt: skip


def open_services(settings: Settings | None = None, port: int = USUAL_PORT) -> Services:
    """Return the services of this process; the first call opens them and resumes unfinished runs."""
    global _current
    with _lock:
        if _current is None:
            _current = build(settings or Settings(), port=port)
            if _current.on_sandbox:
                served, own = _current.sandbox, _current.settings
                account = (
                    served.sandbox.account
                    if served
                    else stand_in.believable_account(big=own.sandbox_big, domains=own.sandbox_domains)
                )
                sandbox_history.write(_current.store, account, own, _current.clock)
            _current.start()
        return _current


def current() -> Services:
    """Return the services of this process."""
    return _current or open_services()


def opened() -> Services | None:
    """Return the services of this process; None while they are not open."""
    return _current


def install(services: Services | None) -> None:
    """Make `services` those of this process; for tests."""
    global _current
    with _lock:
        _current = services


def close_services(patience: float = 8.0) -> bool:
    """Close the services of this process, if they are open.

    Returns whether all requests had ended within `patience` seconds.
    """
    global _current
    with _lock:
        services, _current = _current, None
    shared().close()
    return services is None or services.close(patience)


def leave_requests_behind(after: float = 1.0) -> None:
    """End this process in so many seconds, though a request is stuck.

    The interpreter would wait for the executor's threads, that is for the host's time-out. Nothing is lost by not
    waiting: what was sent is in the journal, and the next start settles it.
    """

    def leave() -> None:
        time.sleep(after)
        os._exit(0)

    threading.Thread(target=leave, name="mxm-leave", daemon=True).start()
