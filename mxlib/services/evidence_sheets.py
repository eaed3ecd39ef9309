"""The evidence report as a workbook: a sheet for each subject, text cells only."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from mxlib.auth.permissions import EVERY_DOMAIN, Permission
from mxlib.auth.roles import expanded
from mxlib.auth.token_owners import maker, rights, works
from mxlib.core.files import writer
from mxlib.core.format import count
from mxlib.core.text import audit_texts
from mxlib.services.evidence_facts import Evidence, UserFacts
from mxlib.store.tokens import TokenRecord

Rows = list[tuple[str, ...]]

YES, NO = "yes", "no"


def workbook(evidence: Evidence) -> bytes:
    """Return the report as .xlsx."""
    return writer.sheets_xlsx(sheets(evidence))


def sheets(evidence: Evidence) -> dict[str, Rows]:
    """Return the rows of each sheet by its name; the first row is the header."""
    return {
        "Summary": _summary(evidence),
        "Users": _users(evidence),
        "Permissions": _permissions(evidence),
        "Tokens": _tokens(evidence),
        "Audit log": _audit(evidence),
        "Backups": _backups(evidence),
        "Settings": _settings(evidence),
        "Versions": _versions(evidence),
    }


def _summary(evidence: Evidence) -> Rows:
    able = [facts for facts in evidence.users if facts.user.disabled_at is None]
    valid = [token for token in evidence.tokens if works(token, evidence.at)]
    return [
        ("Subject", "State"),
        ("Report made", f"{_time(evidence.at)} by {evidence.by}"),
        ("MXM", f"version {evidence.version}"),
        ("Sign-in", "required" if evidence.sign_in_required else "not required: everyone at this server is an admin"),
        ("Users", f"{count(len(able), 'user')}, {sum(facts.user.admin for facts in able)} of them admins"),
        ("Disabled users", str(len(evidence.users) - len(able))),
        ("Tokens", f"{len(valid)} valid, {sum(token.expires_at is None for token in valid)} of them without an end"),
        ("Audit log", f"{count(evidence.audit.entries, 'entry', 'entries')} since {_time(evidence.audit.first_at)}"),
        ("Audit log verified", _verified(evidence)),
        ("Second factor", f"{evidence.factor_mode}; {_enrolled(able)}"),
        ("Newest good backup", _newest_backup(evidence)),
    ]


def _enrolled(users: Sequence[UserFacts]) -> str:
    with_password = [facts for facts in users if facts.user.has_password]
    enrolled = sum(facts.factor_since is not None for facts in with_password)
    return f"set up by {enrolled} of {count(len(with_password), 'user')} with a password"


def _newest_backup(evidence: Evidence) -> str:
    if evidence.backup is None:
        return "no nightly backups are set up"
    return _time(evidence.backup.good_at) or "none yet"


def _verified(evidence: Evidence) -> str:
    facts = evidence.audit
    if facts.verification is None:
        return "not yet"
    found, when = facts.verification, _time(facts.checked_at)
    if found.broken:
        return f"BROKEN, at {when}: {' '.join(audit_texts.breaks(found))}"
    if not found.intact:
        return f"NOT VERIFIED as a whole, at {when}: {' '.join(map(audit_texts.unverified, found.unverified))}"
    if found.accepted:
        return f"intact{audit_texts.BUT_ACCEPTED}, at {when}: {' '.join(audit_texts.remarks(found))}"
    return f"intact, at {when}"


def _users(evidence: Evidence) -> Rows:
    header = (
        "User", "Role", "Signs in with", "Added", "Added by", "Last sign-in", "Password set", "Second factor",
        "Open sessions",
        "Disabled",
    )  # fmt: skip
    return [header, *(_user(facts) for facts in evidence.users)]


def _user(facts: UserFacts) -> tuple[str, ...]:
    user = facts.user
    ways = [name for name, has in (("password", user.has_password), ("provider", user.subject is not None)) if has]
    return (
        user.name,
        "admin" if user.admin else "user",
        " and ".join(ways) or "cannot sign in yet",
        _time(user.created_at),
        user.created_by,
        _time(user.last_sign_in_at),
        _time(user.password_set_at),
        _factor(facts),
        str(facts.browsers),
        _time(user.disabled_at),
    )


def _factor(facts: UserFacts) -> str:
    if facts.factor_since is not None:
        return f"since {_time(facts.factor_since)}"
    if facts.factor_required:
        return "required at the next sign-in"
    return "none" if facts.user.has_password else "the provider's"


def _permissions(evidence: Evidence) -> Rows:
    able = [facts.user for facts in evidence.users if facts.user.disabled_at is None]
    valid = [token for token in evidence.tokens if works(token, evidence.at)]
    rows: Rows = [("Name", "Kind", "Domain", "Permissions")]
    for user in able:
        rows += _rights(user.name, "user", user.admin, expanded(user.permissions, evidence.client_domains))
    for token in valid:
        rows += _rights(token.name, f"token {token.id}", *rights(token, evidence.client_domains))
    return rows


def _rights(name: str, kind: str, admin: bool, permissions: Mapping[str, Collection[str]]) -> Rows:
    if admin:
        return [(name, kind, "all domains", "admin: everything")]
    rows: Rows = [
        (name, kind, _domain(on), ", ".join(right for right in Permission if right in may))
        for on, may in permissions.items()
    ]
    return rows or [(name, kind, "no domain", "nothing")]


def _domain(name: str) -> str:
    return "all domains" if name == EVERY_DOMAIN else name


def _tokens(evidence: Evidence) -> Rows:
    header = ("Number", "Token", "Valid", "Made", "Made by", "Answers for it", "Ends", "Last used", "Revoked")
    return [header, *(_token(token, evidence.at) for token in evidence.tokens)]


def _token(token: TokenRecord, now: float) -> tuple[str, ...]:
    return (
        str(token.id),
        token.name,
        YES if works(token, now) else NO,
        _time(token.created_at),
        maker(token),
        token.owner.name if token.owner else "",
        _time(token.expires_at) or "never",
        _time(token.last_used_at),
        _time(token.revoked_at),
    )


def _audit(evidence: Evidence) -> Rows:
    facts = evidence.audit
    result = audit_texts.verification(facts.verification) if facts.verification else ["not yet"]
    return [
        ("Subject", "State"),
        ("Entries", f"{facts.entries:,}"),
        ("First entry", _time(facts.first_at)),
        ("Last entry", _time(facts.last_at)),
        ("Kept", f"{evidence.settings.audit_days} days"),
        ("Last verified", _time(facts.checked_at) or "not yet"),
        *(("Result", line) for line in result),
    ]


def _backups(evidence: Evidence) -> Rows:
    record = evidence.backup
    rows: Rows = [("Subject", "State"), ("Nightly backups", NO if record is None else YES)]
    if record is not None:
        rows += [
            ("Newest good backup", _time(record.good_at) or "none yet"),
            ("Size", f"{record.size:,} bytes"),
            ("Checked", "restored into a scratch folder and verified" if record.good_at else ""),
            ("Last failure since", _time(record.failed_at) or "none"),
        ]
    return rows


def _settings(evidence: Evidence) -> Rows:
    settings = evidence.settings
    return [
        ("Setting", "Value"),
        ("Address of the dashboard", settings.public_url or "this machine only"),
        ("Address of the public pages", settings.portal_url or "that of the dashboard"),
        ("A link to reset a password ends after", f"{settings.reset_minutes} minutes"),
        ("Sign-in provider", settings.oidc_issuer or "none"),
        ("Second factor", evidence.factor_mode),
        ("A session ends after", f"{settings.session_hours:g} hours"),
        ("A session without requests ends after", f"{settings.session_idle_hours:g} hours"),
        ("Passwords of a run are erased after", f"{settings.retention_days} days, unless chosen otherwise"),
        ("Audit entries are deleted after", f"{settings.audit_days} days"),
    ]


def _versions(evidence: Evidence) -> Rows:
    own = [("MXM", evidence.version), ("Schema of the database", evidence.schema)]
    below = [("Python", evidence.python), ("Database", evidence.database)]
    return [("Package", "Version"), *own, *below, *evidence.packages.items()]


def _time(at: float | None) -> str:
    """Format a Unix time as UTC; blank for none."""
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
