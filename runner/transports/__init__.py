"""Drivers: what carries a session's conversation, in process or over a wire."""
