"""Access to the host's API: requests, response parsing and rate limits."""
