"""Map the columns of a sheet to the columns of a mailbox table."""
