"""What the HTTP API accepts and returns."""
