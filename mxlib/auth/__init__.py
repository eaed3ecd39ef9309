"""Identity of callers, and their permissions."""
