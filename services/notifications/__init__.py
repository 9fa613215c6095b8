"""Notifications: what has to be told, to whom, by which channel, once."""
