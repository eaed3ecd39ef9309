"""A stand-in for the host with its published limits, for trying, demos and tests."""
