"""Text messages: one channel, a provider behind it, and another for when the first is out of order."""
