"""The product's own database: every SQL statement lives here."""

from mxlib.store.database import FILE, Store, Tx, Unwritable
from mxlib.store.ownership import OwnedStore, OwnershipLost

__all__ = ["FILE", "OwnedStore", "OwnershipLost", "Store", "Tx", "Unwritable"]
