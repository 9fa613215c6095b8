"""The services, the command that starts them, and the stack that puts them together."""
