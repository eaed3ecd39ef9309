"""MXM, the mailbox manager for MXroute."""
