"""The archive read as events in one order, filtered, and the index that finds the rows that name an entity."""
