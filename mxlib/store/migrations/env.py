"""Script that Alembic runs for every command; the transaction is the caller's."""

from alembic import context

from mxlib.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
