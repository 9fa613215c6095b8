"""Audit: everything that travelled is archived, proved, replayed and explained."""
