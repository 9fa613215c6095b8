"""Registry: companies, needs, staff available, decisions; the only one that holds what identifies people."""
