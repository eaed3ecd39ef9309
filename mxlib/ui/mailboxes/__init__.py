"""The page of active mailboxes."""
