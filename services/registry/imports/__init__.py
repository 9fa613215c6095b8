"""Spreadsheets of needs or staff: from the bytes of a file to the fields of drafts; pure, without I/O."""
