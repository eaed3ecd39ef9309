"""Texts about problems with the data folder, and what to do."""

from mxlib.core.format import age, clock_time

#: On the command line, when a person stops a command.
GIVEN_UP = "Given up."
PARTLY_DONE = "Some of it was done until then, and stays done: look at Audit log, then run the command again."

DISK_FULL = "The disk of this server is full. Free space: runs then go on by themselves."
DISK_ERROR = (
    "The disk of this server fails: it cannot be read or written (input/output error). Check the disk, or the share, "
    "that MXM_DATA_DIR is on; runs then go on by themselves."
)
DISK_READ_ONLY = (
    "The database of this server cannot be written: MXM_DATA_DIR is read-only, or belongs to another user. Make it "
    "writable; runs then go on by themselves."
)
DATABASE_LOCKED = "Another program holds the database of this server. Close it; runs then go on by themselves."
DATABASE_DAMAGED = (
    "The database of this server is damaged. Stop MXM, and restore the last backup as docs/backup.md describes."
)
STOPPING = "MXM is about to stop, for an upgrade perhaps. Try again in a minute."
#: On a page that is opened meanwhile; its lines are short, since Streamlit's page wraps none.
STOPPING_PAGE = """MXM is about to stop, for an upgrade perhaps.
Reload this page in a minute.
Runs go on afterwards, and nothing is lost."""
SENT_ELSEWHERE = (
    "Another MXM works with this data folder, and only that one sends to MXroute. Make the change there, or stop it."
)
NOTED_ELSEWHERE = "MXroute did it. Another MXM works with this data folder by now, and notes it there."
OUT_OF_FILES = (
    "This server has no room for another open file. Raise its limit (ulimit -n, LimitNOFILE), and restart it; runs "
    "go on by themselves."
)
NO_LOCKS = (
    "The file system of MXM_DATA_DIR cannot lock files, so two MXM could work there at once. Put it on a local disk."
)
EMPTY_BESIDE_KEY = (
    "mxm.sqlite3 in MXM_DATA_DIR is empty, and mxm.key next to it is not new: the database was lost. Bring it back "
    "from a backup, or delete both files to begin with nothing."
)
LOG_MISSING = (
    "mxm.sqlite3-wal in MXM_DATA_DIR is missing, and with it what was written last: mxm.sqlite3-shm is there. Bring "
    "it back, or delete mxm.sqlite3-shm to go on without it."
)
LOCK_DAMAGED = (
    "mxm.lock in MXM_DATA_DIR is no lock of MXM. Make sure that no MXM works there, delete mxm.lock, and start again."
)
KEY_DAMAGED = (
    "mxm.key in MXM_DATA_DIR is no key of MXM (64 hexadecimal digits). Bring it back from where you keep a copy, or "
    "set MXM_SECRET_KEY; MXM makes no new key over it."
)

WRONG_DATABASE_URL = (
    "MXM_DATABASE_URL is not readable. Write postgresql+psycopg://USER:PASSWORD@HOST/DATABASE. In USER and PASSWORD, "
    "the signs @ : / # % are written %40 %3A %2F %23 %25."
)
NO_BACKUP_OF_SERVER = (
    "The database is PostgreSQL: back it up by pg_dump, and keep MXM_SECRET_KEY, as docs/backup.md describes."
)
KEY_MISSING = (
    "A database of PostgreSQL needs MXM_SECRET_KEY. Set it to a long random text, and keep that elsewhere, too."
)
NO_RESTORE_TO_SERVER = (
    "MXM_DATABASE_URL is set, and a backup of MXM is a file. Restore it with MXM_DATABASE_URL unset, then move it by "
    "script/mxm database copy."
)
COMMIT_UNKNOWN = (
    "The database went away while this was saved, and it is not known whether it was. Look before you do it again."
)
DATABASE_BUSY = "Another MXM writes to the database and did not finish in time. Try again; runs go on by themselves."
DATABASE_DISK_FULL = "The disk of the database server is full. Free space there: runs then go on by themselves."
DATABASE_REFUSES = (
    "The user of MXM_DATABASE_URL may not do this in the database. Make it the owner of the database; runs then go on "
    "by themselves."
)
OTHER_KEY = (
    "The server key (MXM_SECRET_KEY, else mxm.key) is not that of this database. Bring that key back. If it is lost, "
    "script/mxm key accept uses the database with this one: what was encrypted stays unreadable."
)
KEY_LOST = (
    "mxm.key in MXM_DATA_DIR is missing, and MXM_SECRET_KEY is not set, but this database was used with a key. Bring "
    "that key back. If it is lost, script/mxm key accept makes a new one: what was encrypted stays unreadable."
)


KEY_ACCEPTED = "The database is used with this key from now on; the audit log says so."


def away(words: str) -> str:
    """Say that the database server does not answer; `words` are its own, or blank."""
    why = f" ({words.rstrip('.')})" if words else ""
    return f"The database does not answer{why}. Runs wait, and go on by themselves when it is back."


def postgresql_too_old(version: int) -> str:
    """Say that the server is too old."""
    return f"MXM_DATABASE_URL leads to PostgreSQL {version}. MXM needs 13 or newer: upgrade the server."


def postgresql_not_utf8(encoding: str) -> str:
    """Say that the database cannot hold all characters."""
    return (
        f"The database of MXM_DATABASE_URL has the encoding {encoding}. Make one with UTF8: "
        "createdb -E UTF8 -T template0 mxm"
    )


def store_failed(why: str) -> str:
    """Say that the database does not work for another reason."""
    return f"The database of this server does not work ({why}). Fix that; runs then go on by themselves."


def is_a_folder(name: str) -> str:
    """Say that something else is in the place of a file."""
    return f"{name} in MXM_DATA_DIR is not a file. Move it away, and bring the file back if there was one."


def newer_database(theirs: str, ours: str) -> str:
    """Say that a newer program wrote the database."""
    return (
        f"The database in MXM_DATA_DIR is of a newer MXM (schema {theirs}; this one knows {ours}). Start the newer "
        "MXM, or restore a backup of before."
    )


def clock_jumped(since: float, at: float, until: float) -> str:
    """Say that the clock went far ahead, so that nothing expires for now.

    All times are in Unix seconds.
    """
    return (
        f"The clock of this server went ahead by {age(at - since)}, or the server was off for so long. Until "
        f"{clock_time(until)} nothing is forgotten for its age. Check the time: an admin may confirm that it is right."
    )


#: The button that confirms the time of the clock.
TIME_IS_RIGHT = "The time is right"
