"""The pages of users, tokens and the audit log."""
