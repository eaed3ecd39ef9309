"""The product's own database: every SQL statement lives here."""

from mxlib.store.database import FILE, Store, Tx, Unwritable

__all__ = ["FILE", "Store", "Tx", "Unwritable"]
