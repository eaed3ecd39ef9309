"""Tables of the store. Every change here needs a migration; a test compares the two."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    false,
    text,
)

from mxlib.store.column_types import Integer, Text

metadata = MetaData()

#: Single facts of this store, such as how far back the audit log reaches.
meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

#: Who sends for an account: one owner at a time, until when, and under which lock of a data folder.
account_lease = Table(
    "account_lease",
    metadata,
    Column("account", Integer, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("until", Float, nullable=False),
    Column("lock", Text, nullable=False, server_default=""),
)

#: Address where the owner of a mailbox may reset its password.
recovery_email = Table(
    "recovery_email",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("username", Text, primary_key=True),
    Column("email", Text, nullable=False),
    Column("set_at", Float, nullable=False),
)

#: The full name of the person whose mailbox it is.
mailbox_name = Table(
    "mailbox_name",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("username", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("set_at", Float, nullable=False),
)

#: Mailboxes whose password is one that nobody knows: since when, who locked them, and why.
mailbox_lock = Table(
    "mailbox_lock",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("username", Text, primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

#: Deletions that have a date, one a mailbox. `before` has its figures at the last look; `why` is a code, blank
#: until it asks, and `figures` fill its text.
dated_deletion = Table(
    "dated_deletion",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("username", Text, primary_key=True),
    Column("due_at", Float, nullable=False),
    Column("asked_at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("before", JSON, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("figures", JSON, nullable=False, server_default="{}"),
)
Index("dated_deletion_by_time", dated_deletion.c.due_at)

#: Background tasks: when each is due, its lease (an owner of its own for each run), and how it ended last.
background_task = Table(
    "background_task",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next_at", Float, nullable=False),
    Column("requested_at", Float),
    Column("lease_owner", Text, nullable=False, server_default=""),
    Column("lease_until", Float, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("failing_since", Float),
    Column("code", Text, nullable=False, server_default=""),
    Column("figures", JSON, nullable=False, server_default="{}"),
)

#: The last good list of a domain's mailboxes; the row of domain "" holds the names of the domains themselves.
last_list = Table(
    "last_list",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("read_at", Float, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

#: Mailboxes by a number, for the figures of their days. `account` is "" for the account of this server; `gone_at` is
#: when a list lacked the mailbox first.
mailbox = Table(
    "mailbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("gone_at", Float),
    UniqueConstraint("account", "domain", "username"),
    sqlite_autoincrement=True,
)

#: Figures of a mailbox at the end of each day (`core/days.py`): use in KB, quota in MB, most messages sent, and their
#: limit. NULL is not known. The day comes first in the key: a day is appended to the file, and expires as a whole.
usage_daily = Table(
    "usage_daily",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("mailbox_id", Integer, primary_key=True, autoincrement=False),
    Column("usage", Integer),
    Column("quota", Integer),
    Column("sent_max", Integer),
    Column("limit", Integer),
    sqlite_with_rowid=False,
)

#: Totals of a domain at the end of each day: use in KB, quota in MB of those that have one, and how many mailboxes are
#: full or near a limit.
usage_domain_daily = Table(
    "usage_domain_daily",
    metadata,
    Column("account", Text, primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("mailboxes", Integer, nullable=False),
    Column("usage", Integer, nullable=False),
    Column("usage_max", Integer, nullable=False),
    Column("quota", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("full", Integer, nullable=False),
    Column("nearly_full", Integer, nullable=False),
    Column("near_send_limit", Integer, nullable=False),
    sqlite_with_rowid=False,
)

#: The days before `day` of a mailbox: how many have its use, how it grew a day (KB), and what it usually sends.
usage_trend = Table(
    "usage_trend",
    metadata,
    Column("mailbox_id", Integer, primary_key=True, autoincrement=False),
    Column("day", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    Column("growth", Float),
    Column("sent_days", Integer, nullable=False),
    Column("usual_sent", Integer),
    sqlite_with_rowid=False,
)

#: What is known of each rule and subject: the state of the rule (`core/events`), and the class that is over (0: none).
event_state = Table(
    "event_state",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("state", JSON, nullable=False),
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
)
Index("event_state_by_domain", event_state.c.domain)

#: Events, each with how it is notified, when that is due, and the notice that it is in.
event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("rule", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("way", Text, nullable=False),
    Column("due_at", Float),
    Column("notice", Integer),
    sqlite_autoincrement=True,
)
Index("event_by_subject", event.c.subject, event.c.rule, event.c.id)
Index("event_by_time", event.c.at)
Index("event_by_notice", event.c.notice)
Index(
    "event_due", event.c.due_at, sqlite_where=event.c.notice.is_(None) & event.c.due_at.is_not(None),
    postgresql_where=event.c.notice.is_(None) & event.c.due_at.is_not(None),
)  # fmt: skip

#: Notices about events; `rule` is NULL for the digest.
notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("rule", Text),
    Column("severity", Text, nullable=False),
    sqlite_autoincrement=True,
)

#: Subjects that a person silenced for a rule, until a date.
event_snooze = Table(
    "event_snooze",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("until", Float, nullable=False),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    sqlite_with_rowid=False,
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("operator", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_digest", Text, nullable=False),
    Column("plan_digest", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("retry_of", Integer, ForeignKey("run.id")),
    Column("kind", Text, nullable=False, server_default="import"),
    Column("undo_of", Integer, ForeignKey("run.id")),
    Column("domains", JSON, nullable=False),
    Column("total", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("checked_at", Float),
    Column("differences", Integer, nullable=False, server_default=text("0")),
    Column("difference", Text, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    Column("seen", Boolean, nullable=False, server_default=false()),
    Column("downloaded_at", Float),
    Column("retention_days", Integer, nullable=False),
    Column("passwords_until", Float),
    Column("handed_over_at", Float),
    Column("planned_after", Integer, nullable=False, server_default=text("0")),
    Column("why_code", Text, nullable=False, server_default=""),
    Column("sealed_notes", LargeBinary),
    #: What another process than the owner was asked to do with it, until the owner has done it.
    Column("wish", JSON(none_as_null=True)),
    UniqueConstraint("operator", "idempotency_key"),
    sqlite_autoincrement=True,
)
Index("run_by_file", run.c.file_digest)
Index("run_by_status", run.c.status)
_HAS_WISH = run.c.wish.is_not(None)
Index("run_with_wish", run.c.id, sqlite_where=_HAS_WISH, postgresql_where=_HAS_WISH)

#: One plan has one open run, and one run has one open undo; `retry_of` is of another try at what an undo left.
_OPEN_RUN = run.c.status.not_in(("finished", "stopped"))
for name, column, where in (
    ("run_open_plan", run.c.plan_digest, _OPEN_RUN),
    ("run_open_undo", run.c.undo_of, _OPEN_RUN & run.c.undo_of.is_not(None) & run.c.retry_of.is_(None)),
):
    Index(name, column, unique=True, sqlite_where=where, postgresql_where=where)

#: The key of a run's passwords, sealed with the server's. It is written once, and alone: deleting it erases them.
run_key = Table(
    "run_key",
    metadata,
    Column("run", Integer, ForeignKey("run.id"), primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
)

run_row = Table(
    "run_row",
    metadata,
    Column("run", Integer, ForeignKey("run.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("line", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("sealed_password", LargeBinary),
    Column("generated", Boolean, nullable=False),
    Column("quota", Integer),
    Column("limit", Integer),
    Column("recovery_email", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("cells", JSON, nullable=False),  # of earlier releases, blank by now
    Column("before", JSON, nullable=False),
    Column("outcome", Text, nullable=False),
    #: Words of others; the whole text in rows of earlier releases, which have no code.
    Column("reason", Text, nullable=False, server_default="", key="words"),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("unanswered", Boolean, nullable=False, server_default=false()),
    Column("host_quota", Integer),
    Column("host_limit", Integer),
    Column("differs", Text, nullable=False, server_default=""),
    Column("sealed_cells", LargeBinary),
    Column("proof", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("code", Text, nullable=False, server_default=""),
    Column("detail", JSON(none_as_null=True)),
    sqlite_with_rowid=False,
)
Index("row_by_outcome", run_row.c.run, run_row.c.outcome)
Index("row_by_domain", run_row.c.run, run_row.c.domain, run_row.c.verdict, run_row.c.outcome)
Index("row_by_mailbox", run_row.c.domain, run_row.c.username)

#: Passwords of a run's rows: when and as what each was last taken away, and when, how and by whom marked handed over.
#: `renewed_at` is when a new one took the place of that of the run. The rows outlive the passwords.
hand_over = Table(
    "hand_over",
    metadata,
    Column("run", Integer, ForeignKey("run.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("taken_at", Float),
    Column("taken_as", Text, nullable=False, server_default=""),
    Column("at", Float),
    Column("who", Text, nullable=False, server_default=""),
    Column("way", Text, nullable=False, server_default=""),
    Column("renewed_at", Float),
)

#: Every request that a run sent to the host; `answer` is blank until the response.
attempt = Table(
    "attempt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Integer, ForeignKey("run.id"), nullable=False),
    Column("position", Integer),
    Column("kind", Text, nullable=False),
    Column("sent_at", Float, nullable=False),
    Column("heard_at", Float),
    Column("answer", Text, nullable=False, server_default=""),
)
Index("attempt_by_time", attempt.c.sent_at)
Index("attempt_by_row", attempt.c.run, attempt.c.position)

#: Who did what, for good: triggers forbid changing it, and hashes prove it (store/audit_chain.py).
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("on", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("run", Integer),
    Column("outcome", Text, nullable=False),
    Column("detail", JSON(none_as_null=True)),
    #: Layout of the hash; NULL, like the columns below, in entries of releases without hashes.
    Column("version", Integer),
    #: Random bytes for the hash of what may name a person; deleted when that is erased.
    Column("salt", LargeBinary),
    #: That hash, and the proof of the erasure, once something was erased.
    Column("commitment", LargeBinary),
    Column("erased", LargeBinary),
    #: The hash of this entry and the one before.
    Column("link", LargeBinary),
)
Index("audit_by_time", audit.c.at)
Index("audit_by_run", audit.c.run)
Index("audit_by_subject", audit.c.on)

#: Chains of hashes of the audit log: a new server key begins another one. `mark` signs a row, here and below.
audit_chain = Table(
    "audit_chain",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("at", Float, nullable=False),
    Column("why", Text, nullable=False),
    #: The number of its first entry, and the hash of the entry before.
    Column("first", Integer, nullable=False),
    Column("before", LargeBinary),
    #: The number of the first entry without a hash, of an earlier release.
    Column("earlier", Integer),
    Column("mark", LargeBinary, nullable=False),
)

#: The newest entry, so that a cut-off end is found; one row.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
    Column("link", LargeBinary, nullable=False),
    Column("mark", LargeBinary, nullable=False),
)

#: Entries that retention deleted, from `first` to `last`: all were made before `until`. `link` is the hash of the last.
audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("first", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
    Column("until", Float, nullable=False),
    Column("link", LargeBinary),
    Column("key", LargeBinary, nullable=False),
    Column("mark", LargeBinary, nullable=False),
)

#: Entries of earlier releases, which have no hash, signed by the block.
audit_block = Table(
    "audit_block",
    metadata,
    Column("first", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("mark", LargeBinary, nullable=False),
)

#: Keys to the HTTP API. `permissions` maps a domain to the names of permissions; `owner` is responsible for it.
token = Table(
    "token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("admin", Boolean, nullable=False),
    Column("permissions", JSON, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("last_used_at", Float),
    Column("revoked_at", Float),
    Column("owner", Integer, ForeignKey("user.id")),
    sqlite_autoincrement=True,
)

#: Idempotency keys, so that a request is carried out once however often it arrives: the caller's key and the run it
#: started.
once = Table(
    "once",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("at", Float, nullable=False),
    Column("run", Integer, ForeignKey("run.id")),
)

#: Column choices of each person, by the digest of a file's set of headers; no header is stored.
mapping_answer = Table(
    "mapping_answer",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("answer", JSON, nullable=False),
    Column("answered_by", Text, primary_key=True),
    Column("answered_at", Float, nullable=False),
)

#: Selected mailboxes behind a link; `sealed` has their caller and addresses, `at` is when they were last shown.
selection = Table(
    "selection",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Float, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
Index("selection_by_time", selection.c.at)

#: Filters of Email accounts that a person keeps under a name; `key` is the name in any case.
saved_view = Table(
    "saved_view",
    metadata,
    Column("who", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("saved_at", Float, nullable=False),
)

#: Imports that were begun and not yet started; file and rows are sealed, since both may hold passwords.
draft = Table(
    "draft",
    metadata,
    Column("id", Text, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("domains", JSON, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("sealed_file", LargeBinary, nullable=False),
    Column("sealed_rows", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("begun_by", Text),
    #: The run that left these rows out; NULL for a draft from before any run.
    Column("run", Integer),
)

#: Users who may sign in. `permissions` maps a domain, or the key of a client, to names of permissions; `client_admin`
#: lists the keys where they are a client admin; `subject` is the account at a provider.
user = Table(
    "user",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text),
    Column("subject", Text, unique=True),
    Column("admin", Boolean, nullable=False),
    Column("permissions", JSON, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("password_set_at", Float),
    Column("last_sign_in_at", Float),
    Column("disabled_at", Float),
    Column("password_ends_at", Float),
    Column("last_sign_in_from", Text, nullable=False, server_default=""),
    Column("refused_since", Integer, nullable=False, server_default=text("0")),
    Column("client_admin", JSON, nullable=False, server_default="[]"),
    sqlite_autoincrement=True,
)

#: Browsers that are signed in; the session's id is stored as a hash only. `before_…` are of the user's sign-in before
#: this one: when and from where it was, and how many were refused since then.
session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("user", Integer, ForeignKey("user.id"), nullable=False),
    Column("began_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("before_at", Float),
    Column("before_from", Text, nullable=False, server_default=""),
    Column("before_refused", Integer, nullable=False, server_default=text("0")),
    #: When the user last proved who they are; null: at the sign-in.
    Column("proved_at", Float),
    Column("by_provider", Boolean, nullable=False, server_default=false()),
)
Index("session_by_user", session.c.user)

#: Browsers whose user gave the right password and has steps left before a session; only a hash of the id is stored.
pending_sign_in = Table(
    "pending_sign_in",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("user", Integer, ForeignKey("user.id"), nullable=False),
    Column("began_at", Float, nullable=False),
    Column("how", Text, nullable=False),
    Column("passed", JSON, nullable=False),
    Column("address", Text, nullable=False, server_default=""),
)
Index("pending_by_user", pending_sign_in.c.user)

#: Authenticator apps of users: the secret, sealed with the server's key.
second_factor = Table(
    "second_factor",
    metadata,
    Column("user", Integer, ForeignKey("user.id"), primary_key=True, autoincrement=False),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("enrolled_at", Float, nullable=False),
    Column("last_step", Integer, nullable=False),
    Column("wrong", Integer, nullable=False, server_default=text("0")),
    Column("wrong_at", Float, nullable=False, server_default=text("0")),
)

#: Recovery codes that are not used yet, as hashes.
recovery_code = Table(
    "recovery_code",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("user", Integer, ForeignKey("user.id"), nullable=False),
)
Index("recovery_code_by_user", recovery_code.c.user)

#: Refused sign-ins, to slow down guessing. `name` is a hash: people type passwords into the wrong field.
sign_in_refused = Table(
    "sign_in_refused",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("address", Text, nullable=False),
)
Index("refused_by_time", sign_in_refused.c.at)

#: When MXM first saw a mailbox that it did not create itself.
first_seen = Table(
    "first_seen",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("username", Text, primary_key=True),
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
)

#: Writes by hand in flight, and those whose password may have been set without a response.
manual_write = Table(
    "manual_write",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("asked", JSON, nullable=False),
    Column("recovery_email", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("settle_at", Float, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("passwords_until", Float, nullable=False),
    Column("sealed_password", LargeBinary),
    Column("wrapped_key", LargeBinary),
    Column("name", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
Index("manual_write_by_mailbox", manual_write.c.domain, manual_write.c.username)

#: Clients of the agency. `key` is the name for comparison.
client = Table(
    "client",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("contacts", JSON, nullable=False),
    Column("language", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("default_quota", Integer),
    Column("max_quota", Integer),
    Column("max_mailboxes", Integer),
    Column("created_by", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("self_service", Boolean, nullable=False, server_default=false()),
    sqlite_autoincrement=True,
)

#: The client of a domain; a domain without one is its own.
client_domain = Table(
    "client_domain",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("client", Integer, ForeignKey("client.id"), nullable=False),
    Column("position", Integer, nullable=False),
    sqlite_with_rowid=False,
)
Index("client_domain_by_client", client_domain.c.client)

#: Texts to owners of mailboxes that replace the standard ones. `client` 0 stands for all clients.
handover_text = Table(
    "handover_text",
    metadata,
    Column("client", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("who", Text, nullable=False),
    sqlite_with_rowid=False,
)

#: The sender of letters and messages; `client` 0 stands for all clients. Only that one has a language.
letterhead = Table(
    "letterhead",
    metadata,
    Column("client", Integer, primary_key=True, autoincrement=False),
    Column("agency", Text, nullable=False),
    Column("help_address", Text, nullable=False),
    Column("logo", LargeBinary, nullable=False),
    Column("language", Text, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("who", Text, nullable=False),
)

#: Mails that wait to leave, and what became known of earlier ones. `message` is sealed, and goes once a mail has ended.
outbox_mail = Table(
    "outbox_mail",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("sealed_message", LargeBinary),
    Column("wrapped_key", LargeBinary),
    Column("queued_at", Float, nullable=False),
    Column("next_at", Float),
    Column("ended_at", Float),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("problem", Text, nullable=False, server_default=""),
    Column("code", Integer, nullable=False, server_default="0"),
    Column("words", Text, nullable=False, server_default=""),
    Column("lease_owner", Text),
    Column("lease_until", Float),
    sqlite_autoincrement=True,
)
Index("outbox_mail_by_time", outbox_mail.c.status, outbox_mail.c.next_at)

#: Tries to send of the last hour: how many mails may leave now survives a restart.
outbox_try = Table(
    "outbox_try",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
)

#: Links by which people set a password, one living link a mailbox and purpose. `sealed_token` goes once a link has
#: ended; `run` started it, and `source` is the run whose people it is for.
link = Table(
    "link",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Integer, ForeignKey("run.id")),
    Column("source", Integer, ForeignKey("run.id")),
    Column("purpose", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("name", Text, nullable=False),
    #: The address that its mail goes to; blank for a link that is only copied.
    Column("recipient", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("send_at", Float, nullable=False),
    Column("valid_from", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    #: NULL until it is made.
    Column("token_digest", LargeBinary, unique=True),
    Column("sealed_token", LargeBinary),
    Column("wrapped_key", LargeBinary),
    Column("mail", Integer),
    Column("mail_status", Text, nullable=False, server_default=""),
    Column("mail_problem", Text, nullable=False, server_default=""),
    Column("mail_code", Integer, nullable=False, server_default="0"),
    Column("words", Text, nullable=False, server_default=""),
    Column("sent_at", Float),
    Column("opened_at", Float),
    Column("set_at", Float),
    Column("ended_at", Float),
    Column("end", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
#: A mailbox has one living link of each purpose, and one planned link at most.
for _name, _state in (
    ("link_living", link.c.ended_at.is_(None) & link.c.token_digest.is_not(None)),
    ("link_planned", link.c.ended_at.is_(None) & link.c.token_digest.is_(None)),
):
    Index(
        _name, link.c.domain, link.c.username, link.c.purpose, unique=True, sqlite_where=_state,
        postgresql_where=_state,
    )  # fmt: skip
Index("link_by_mailbox", link.c.domain, link.c.username)
Index("link_by_run", link.c.run)
Index("link_by_source", link.c.source)
Index("link_by_mail", link.c.mail)

#: Domains without a client in which people may reset their own passwords; `client.self_service` is that of a client.
self_service = Table(
    "self_service",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
)

#: Requests to reset a password, of the last hour. `address` and `network` are keyed hashes; `sealed` has the address as
#: it was typed, always of one size, and goes once the request was looked at.
reset_request = Table(
    "reset_request",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("address", LargeBinary, nullable=False),
    Column("network", LargeBinary, nullable=False),
    Column("sealed", LargeBinary),
)
Index("reset_request_by_address", reset_request.c.address)
Index("reset_request_by_network", reset_request.c.network)

#: Outcomes of the requests for a mailbox, kept for 30 days. Equal ones within an hour are one row, unless mailed.
reset_answer = Table(
    "reset_answer",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("last_at", Float, nullable=False),
    Column("times", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    #: The link that was mailed, and the number of its mail.
    Column("link", Integer),
    Column("mail", Integer),
    sqlite_autoincrement=True,
)
Index("reset_answer_by_mailbox", reset_answer.c.domain, reset_answer.c.username, reset_answer.c.last_at)

#: Changes of recovery emails of the last day: the address before, and whether its notice is still due.
recovery_change = Table(
    "recovery_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("is_due", Boolean, nullable=False),
    sqlite_autoincrement=True,
)
Index("recovery_change_by_mailbox", recovery_change.c.domain, recovery_change.c.username)

#: Channels of notices. `place` is what may be shown of where one leads; addresses and keys are in `sealed`.
channel = Table(
    "channel",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("client", Integer),
    Column("routes", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("stopped_at", Float),
    Column("sealed", LargeBinary),
    sqlite_autoincrement=True,
)

#: Deliveries of notices to channels. `sealed_message` is what one says, and goes once it has ended.
delivery = Table(
    "delivery",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", Integer, ForeignKey("channel.id"), nullable=False),
    Column("notice", Integer),
    Column("message_id", Text, nullable=False),
    Column("events", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("queued_at", Float, nullable=False),
    Column("next_at", Float),
    Column("ended_at", Float),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("problem", Text, nullable=False, server_default=""),
    Column("code", Integer, nullable=False, server_default="0"),
    Column("mail", Integer),
    Column("lease_owner", Text),
    Column("lease_until", Float),
    Column("sealed_message", LargeBinary),
    Column("wrapped_key", LargeBinary),
    sqlite_autoincrement=True,
)
Index("delivery_by_time", delivery.c.status, delivery.c.next_at)
Index("delivery_by_channel", delivery.c.channel)
Index("delivery_by_notice", delivery.c.notice)
Index("delivery_by_mail", delivery.c.mail)
