"""The type of an open transaction."""

import sqlalchemy as sa

#: An open transaction; every function of the store that reads or writes takes one.
Tx = sa.Connection
