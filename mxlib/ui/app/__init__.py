"""The frame of every page: server, layout, session, sidebar."""
