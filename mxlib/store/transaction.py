"""The type of an open transaction, and what it carries."""

import sqlalchemy as sa

#: An open transaction; every function of the store that reads or writes takes one.
Tx = sa.Connection

#: Key of a transaction's `info`: the key of the audit log's hashes (`AuditKey`).
AUDIT_KEY = "audit key"

#: The same: the days of the host (`Days`).
DAYS = "days"
