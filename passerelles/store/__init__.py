"""Documents with compare-and-set, on MongoDB or SQLite behind one narrow port."""
