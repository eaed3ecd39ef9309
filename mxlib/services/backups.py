"""Nightly backups, and the hold after a restore."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden
from mxlib.clock import Clock
from mxlib.core import thinning
from mxlib.core.background_tasks import TaskCode, TaskResult
from mxlib.core.nights import DAY, HOUR, night
from mxlib.core.text import backups
from mxlib.settings import Settings
from mxlib.store import Store, StoreUnavailable, Tx, audit, backup, backup_record, clock_guard, hold
from mxlib.store.backup import BackupError
from mxlib.store.backup_record import BackupRecord
from mxlib.store.hold import Hold

log = logging.getLogger(__name__)

#: Hour (UTC) from which the backup of a night is due, and seconds between two looks for the end of a hold.
BACKUP_HOUR, LOOK_S = 2, 600.0

#: Seconds after a failure before the next try, and the age of the newest good backup from which admins are warned.
RETRY_S, OLD_S = HOUR, 2 * DAY

#: The name of a file: the time of its data, and the mark of its server, since several may share a folder.
_NAME = "mxm-%Y-%m-%dT%H-%M-%SZ-{mark}.backup"


@resolves_callers
class Backups:
    """Makes, checks and thins out nightly backups, and ends the hold after a restore."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, continued: Callable[[], object]) -> None:
        self._settings, self._store, self._clock, self._continued = settings, store, clock, continued
        self._since = clock.now()

    @property
    def is_set(self) -> bool:
        """Return whether backups are made every night."""
        return bool(self._settings.backup_dir)

    def nightly(self) -> TaskResult:
        """Make the backup of this night unless it exists, and thin out old ones.

        After a failure the runner waits an hour; a start or a person who asks sooner gets another try.
        None is made while everything waits after a restore.
        """
        now = self._clock.now()
        if self.is_set and self.held() is not None:
            return TaskResult(TaskCode.ON_HOLD, again_at=now + LOOK_S)
        if not self.is_set:
            return TaskResult(TaskCode.NOT_SET, {"setting": "MXM_BACKUP_DIR"})
        if not _is_due(record := self.record(), now):
            return TaskResult(TaskCode.NOTHING_DUE)
        passphrase = self._settings.backup_passphrase.get_secret_value()
        if len(passphrase) < backups.LONG_ENOUGH:
            log.warning(backups.SHORT_PASSPHRASE)
        target = Path(self._settings.backup_dir) / datetime.fromtimestamp(now, UTC).strftime(self._name())
        try:
            made = backup.make(self._store, target, passphrase, self._settings.secret_key.get_secret_value())
        except (BackupError, StoreUnavailable) as problem:
            log.error("The nightly backup failed: %s", problem)
            with self._store.write() as tx:
                backup_record.write(tx, replace(record, failed_at=now, why=str(problem)))
            return TaskResult(TaskCode.FAILED, again_at=now + RETRY_S)
        with self._store.write() as tx:
            backup.note(tx, audit.MXM, made)
            backup_record.write(tx, BackupRecord(made.at, made.size))
            may_forget = clock_guard.may_forget(tx, now)
        if may_forget:
            self._thin(target.parent, now)
        return TaskResult(TaskCode.DONE, {"bytes": made.size})

    def _thin(self, folder: Path, now: float) -> None:
        """Remove old backups of this server; files with other names stay."""
        found = {}
        for path in folder.glob("mxm-*.backup"):
            with suppress(ValueError):
                found[datetime.strptime(path.name, self._name()).replace(tzinfo=UTC).timestamp()] = path
        for at in found.keys() - thinning.kept(found, now):
            try:
                found[at].unlink()
            except OSError as error:
                log.warning("An old backup cannot be removed: %s (%s)", found[at].name, error.strerror)

    def _name(self) -> str:
        return _NAME.format(mark=backup.mark_of(self._store))

    def remove_left(self) -> bool:
        """Remove what a killed backup left; return whether nothing is there now."""
        return self._store.remove_copies()

    def record(self) -> BackupRecord:
        """Return the newest good backup, and the last failure since."""
        with self._store.read() as tx:
            return backup_record.read(tx)

    def age(self) -> float | None:
        """Return the age of the newest good backup in seconds; None without one."""
        good_at = self.record().good_at
        return None if good_at is None else self._clock.now() - good_at

    def problems(self) -> list[str]:
        """Return what is wrong with nightly backups, one sentence each."""
        if not self.is_set or self.held() is not None:
            return []
        record, now = self.record(), self._clock.now()
        failed_at = record.failed_at
        found = [] if failed_at is None else [backups.failed(record.why, failed_at + RETRY_S, now)]
        if self._seconds_without(record, now) > OLD_S:
            found.append(backups.too_old(record.good_at, now))
        return found

    def too_old(self, tx: Tx, now: float) -> float | None:
        """Return the seconds since the newest good backup if they are too many, else 0.

        None where no backups are made, or everything waits after a restore.
        """
        if not self.is_set or hold.current(tx) is not None:
            return None
        age = self._seconds_without(backup_record.read(tx), now)
        return age if age > OLD_S else 0.0

    def _seconds_without(self, record: BackupRecord, now: float) -> float:
        """Return the seconds since the newest good backup, or since the start of this process."""
        return now - (self._since if record.good_at is None else record.good_at)

    # After a restore.

    def held(self) -> Hold | None:
        """Return the hold after a restore; None when everything may act."""
        with self._store.read() as tx:
            return hold.current(tx)

    def waits(self) -> list[str]:
        """Return the sentence that runs wait since a restore; else nothing."""
        held = self.held()
        return [backups.waits(held.made_at, self._clock.now())] if held else []

    def advice(self) -> str:
        """Return what an admin checks before *Continue*; blank when nothing waits."""
        held = self.held()
        return backups.advice(held.made_at, self._clock.now()) if held else ""

    def end_hold(self, caller: Caller) -> None:
        """Let everything act again after a restore; for admins."""
        if not caller.admin:
            raise Forbidden("Only admins let runs go on after a restore. Ask an admin to press Continue.")
        with self._store.write() as tx:
            hold.end(tx, caller, self._clock.now())
        self._continued()


def _is_due(record: BackupRecord, now: float) -> bool:
    return record.good_at is None or night(record.good_at, BACKUP_HOUR) != night(now, BACKUP_HOUR)
