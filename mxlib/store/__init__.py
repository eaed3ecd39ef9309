"""The product's own database: every SQL statement lives here."""

from mxlib.store.database import Store, Tx, Unwritable

__all__ = ["Store", "Tx", "Unwritable"]
