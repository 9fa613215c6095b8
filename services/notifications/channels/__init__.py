"""How a message travels: one port, email and SMS behind it."""
