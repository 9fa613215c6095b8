"""The whole story of one entity with its pairs, and the forms in which it is given: terminal, JSON, page, PDF."""
