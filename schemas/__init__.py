"""The contract between services: envelope, events, topics and territories, and nothing that does I/O."""
