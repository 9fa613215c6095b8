"""The demo: every service in one process, a sample of the Lot and Aveyron, and a box where messages are read."""
