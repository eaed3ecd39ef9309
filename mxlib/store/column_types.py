"""Types of columns, for tables and migrations, that hold the same in every database."""

import sqlalchemy as sa

#: A whole number of 64 bits: MXroute's figures exceed 32. SQLite numbers rows only in a column that says INTEGER.
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: Text that is compared and sorted by its characters' numbers, and has upper and lower case in ASCII only.
#: SQLite knows nothing else; PostgreSQL would follow the language of its database.
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
