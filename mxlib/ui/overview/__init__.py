"""The Overview: totals of the mailboxes and what waits for the caller."""
