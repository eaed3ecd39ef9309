"""Facts of the evidence report."""

from collections.abc import Mapping
from dataclasses import dataclass

from mxlib.core.audit_verification import Verification
from mxlib.core.vocabulary import SecondFactorMode
from mxlib.settings import Settings
from mxlib.store.backup_record import BackupRecord
from mxlib.store.tokens import TokenRecord
from mxlib.store.users import UserRecord


@dataclass(frozen=True, slots=True)
class UserFacts:
    """One user; `browsers` counts open sessions, `factor_since` is the enrollment of the second factor."""

    user: UserRecord
    browsers: int
    factor_required: bool
    factor_since: float | None


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """The extent of the audit log, and when it was last verified, with the result."""

    entries: int
    first_at: float | None
    last_at: float | None
    checked_at: float | None
    verification: Verification | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the report shows, as facts of one moment (Unix seconds)."""

    at: float
    by: str
    version: str
    schema: str
    python: str
    database: str
    packages: Mapping[str, str]
    settings: Settings
    sign_in_required: bool
    factor_mode: SecondFactorMode
    users: tuple[UserFacts, ...]
    tokens: tuple[TokenRecord, ...]
    #: Domains of the clients for which permissions were given, by number.
    client_domains: Mapping[int, tuple[str, ...]]
    audit: AuditFacts
    #: None where nightly backups are not set up.
    backup: BackupRecord | None
