"""The product's own database: every SQL statement is here."""

from mxlib.store.clock_guard import Jump
from mxlib.store.database import FILE, Store
from mxlib.store.errors import StoreAway, StoreUnavailable
from mxlib.store.ownership import OwnedStore, OwnershipLost
from mxlib.store.transaction import Tx

__all__ = ["FILE", "Jump", "OwnedStore", "OwnershipLost", "Store", "StoreAway", "StoreUnavailable", "Tx"]
