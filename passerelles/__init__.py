"""What every service stands on: bus, store, reference data, settings, logs and health."""
