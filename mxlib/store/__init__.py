"""The product's own database: every SQL statement lives here."""

from mxlib.store.clock_guard import Jump
from mxlib.store.database import FILE, Store, Tx
from mxlib.store.errors import StoreUnavailable
from mxlib.store.ownership import OwnedStore, OwnershipLost

__all__ = ["FILE", "Jump", "OwnedStore", "OwnershipLost", "Store", "StoreUnavailable", "Tx"]
