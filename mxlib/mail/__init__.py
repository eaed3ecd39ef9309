"""Mail that leaves: composing messages, and the ways to send them. `services/outbox.py` is their only user."""
