"""The page Notices: events, snoozes, when notices go out, and to whom."""
