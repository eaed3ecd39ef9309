"""Facts of the evidence report."""

from collections.abc import Mapping
from dataclasses import dataclass

from mxlib.settings import Settings
from mxlib.store.tokens import TokenRecord
from mxlib.store.users import UserRecord


@dataclass(frozen=True, slots=True)
class UserFacts:
    """One user; `browsers` counts open sessions."""

    user: UserRecord
    browsers: int


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """The extent of the audit log: number of entries, and the times of the first and the last one."""

    entries: int
    first_at: float | None
    last_at: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the report shows, as facts of one moment (Unix seconds)."""

    at: float
    by: str
    version: str
    schema: str
    python: str
    sqlite: str
    packages: Mapping[str, str]
    settings: Settings
    sign_in_required: bool
    users: tuple[UserFacts, ...]
    tokens: tuple[TokenRecord, ...]
    audit: AuditFacts
