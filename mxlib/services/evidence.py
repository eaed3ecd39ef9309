"""The evidence report: what an insurer or an auditor asks about access to the mailboxes, in one file."""

import platform
from datetime import UTC, datetime
from importlib import metadata

from mxlib import __version__
from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden
from mxlib.auth.sign_in import Authenticator
from mxlib.clock import Clock
from mxlib.core.vocabulary import AuditAction
from mxlib.services import evidence_sheets
from mxlib.services.evidence_facts import AuditFacts, Evidence, UserFacts
from mxlib.services.exports import File
from mxlib.settings import Settings
from mxlib.store import Store, audit, audit_check, backup_record, client_grants, second_factors, tokens, users
from mxlib.store.database import HEAD


@resolves_callers
class EvidenceService:
    """Makes the evidence report for admins."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, authenticator: Authenticator) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._authenticator = authenticator

    def facts(self, by: Caller) -> Evidence:
        """Return what holds now; raises Forbidden for anyone but an admin."""
        if not by.admin:
            raise Forbidden("Only admins see the evidence report. Ask an admin for it.")
        settings, factors = self._settings, self._authenticator.second_factors
        database = self._store.database.version()
        with self._store.read() as tx:
            browsers = self._authenticator.sessions.browsers(tx)
            enrolled = second_factors.enrolled(tx)
            return Evidence(
                at=self._clock.now(),
                by=by.name,
                version=__version__,
                schema=HEAD,
                python=platform.python_version(),
                database=database,
                packages=_packages(),
                settings=settings,
                sign_in_required=self._authenticator.sign_in_required(),
                factor_mode=factors.mode,
                users=tuple(
                    UserFacts(user, browsers.get(user.id, 0), factors.is_required(user), enrolled.get(user.id))
                    for user in users.list_users(tx)
                ),
                tokens=tuple(tokens.list_tokens(tx)),
                client_domains=client_grants.domains(tx, client_grants.names(tx)),
                audit=AuditFacts(*audit.extent(tx), *(audit_check.latest(tx, self._store.key.audit) or (None, None))),
                backup=backup_record.read(tx) if settings.backup_dir else None,
            )

    def workbook(self, by: Caller) -> File:
        """Return the report as .xlsx, a sheet for each subject; taking it is audited."""
        evidence = self.facts(by)
        content = evidence_sheets.workbook(evidence)
        with self._store.write() as tx:
            audit.record(tx, by, AuditAction.EVIDENCE_DOWNLOAD, at=self._clock.now(), on="evidence report")
        return File(f"evidence-{datetime.fromtimestamp(evidence.at, UTC).date().isoformat()}.xlsx", content)


def _packages() -> dict[str, str]:
    """Return the installed packages with their versions, by name."""
    return dict(
        sorted((each.metadata["Name"], each.version) for each in metadata.distributions() if each.metadata["Name"])
    )
