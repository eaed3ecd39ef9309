"""Texts about backups, their restore, and what waits after one."""

# ruff: noqa: S105 - sentences about passphrases, none of which is one

from mxlib.core.format import age, day, moment

NOT_A_BACKUP = "This file is not a backup of MXM. Name a file that MXM made, such as mxm-….backup."
WRONG_PASSPHRASE = (
    "MXM_BACKUP_PASSPHRASE is not the passphrase of this backup, or the file is damaged. Set "
    "the passphrase that it was made with, or use another backup."
)
DAMAGED = "This backup is damaged or cut short. Use another one."
NO_PASSPHRASE = "MXM_BACKUP_PASSPHRASE is not set. Set it: backups are encrypted with it."
OTHER_KEY = "This backup was made with MXM_SECRET_KEY. Set the same MXM_SECRET_KEY to restore it."
OWN_KEY = "This backup brings a key of its own. Unset MXM_SECRET_KEY to restore it."
DATABASE_DAMAGED = (
    "The database in the backup is damaged. Restore another backup; if this one was just made, check the disk."
)
AUDIT_BROKEN = (
    "The audit log in the backup is broken, although that of the server is intact. Check the disk, and back up again."
)

#: Characters from which a passphrase is taken without a remark.
LONG_ENOUGH = 20
SHORT_PASSPHRASE = (
    f"MXM_BACKUP_PASSPHRASE is short. Use {LONG_ENOUGH} characters or more, for example six random words: everything "
    "in a backup depends on it."
)

#: Why runs are paused after a restore.
RESTORED = "This MXM was restored from a backup. The run waits until an admin presses Continue."

#: Why a run cannot be resumed after a restore.
NOT_BEFORE_CONTINUE = "This MXM was restored from a backup. Runs wait until an admin presses Continue."

#: Why a token opens nothing after a restore.
TOKENS_WAIT = "This MXM was restored from a backup. Tokens work again when an admin has pressed Continue."

#: The button that lets runs go on after a restore.
CONTINUE = "Continue"


def other_format(version: int) -> str:
    """Say that the file has a format that this version cannot read."""
    return f"This backup has format {version}, which this MXM does not know. Use the MXM that made it, or a newer one."


def exists(name: str) -> str:
    """Say that a backup replaces no file."""
    return f"{name} exists already. Give another name."


def not_written(where: str, why: str) -> str:
    """Say that a backup cannot be written."""
    return f"The backup cannot be written to {where} ({why}). Check that the folder exists, is MXM's and has room."


def not_read(name: str, why: str) -> str:
    """Say that a backup cannot be read."""
    return f"{name} cannot be read ({why}). Check its name and who may read it."


def not_empty(folder: str, name: str) -> str:
    """Say that a restore needs an empty data folder."""
    return f"MXM_DATA_DIR ({folder}) is not empty: it has {name}. Restore into an empty folder."


def made(name: str, size: int) -> str:
    """Say what was made."""
    return f"{name}, {_bytes(size)}"


def waits(made_at: float, now: float) -> str:
    """Say on every page that runs wait after a restore."""
    return f"This MXM was restored from a backup of {day(made_at, now)}. Runs wait until an admin presses Continue."


def advice(made_at: float, now: float) -> str:
    """Say to an admin what to check before runs go on."""
    return (
        f"This MXM was restored from a backup of {day(made_at, now)}. Nothing is sent by itself, and no token works, "
        "until you press Continue. Before that, make sure that no other MXM works with this account. Since the backup: "
        "disable users who left, revoke tokens that were revoked, and replace sign-in passwords and recovery codes "
        "that were changed or used, since the former ones work again."
    )


def _bytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"


def backed_up(name: str, size: int) -> str:
    """Say that a backup was made and checked."""
    return f"Backed up to {name} ({_bytes(size)}), and checked by restoring it."


def restored(made_at: float, now: float) -> str:
    """Say that a backup was restored, and what to do next."""
    return (
        f"Restored the backup of {day(made_at, now)}. Start MXM: nothing is sent by itself, and no token works, until "
        "an admin presses Continue, or runs script/mxm continue. Users, sign-in passwords, recovery codes and tokens "
        "are those of the backup: disable or replace first what was changed or ended since."
    )


NOTHING_WAITS = "Nothing waits: this MXM was not restored, or an admin continued already."
CONTINUED = "Runs go on. A server that is running notices within seconds."


def failed(why: str, again_at: float, now: float) -> str:
    """Say that the last nightly backup failed, and when the next is made."""
    return f"The last nightly backup failed. {why} MXM tries again after {moment(again_at, now)}."


def too_old(good_at: float | None, now: float) -> str:
    """Say that the newest good backup is old."""
    which = f"is {age(now - good_at)} old" if good_at is not None else "does not exist"
    return f"A good nightly backup {which}. Check MXM_BACKUP_DIR."
