"""The ledger, which is the queue: what is gathered, what was told, the messages and their deliveries (decision 16)."""
