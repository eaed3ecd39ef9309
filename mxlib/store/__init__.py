"""The product's own database: every SQL statement lives here."""

from mxlib.store.database import FILE, Store, Tx
from mxlib.store.failures import Unwritable
from mxlib.store.ownership import OwnedStore, OwnershipLost
from mxlib.store.time_guard import Jump

__all__ = ["FILE", "Jump", "OwnedStore", "OwnershipLost", "Store", "Tx", "Unwritable"]
