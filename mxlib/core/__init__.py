"""What a mailbox row is, and what may be said of it: pure, without any input or output."""
