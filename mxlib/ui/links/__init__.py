"""Links by which people set their own password: sending them, and what happened to each."""
