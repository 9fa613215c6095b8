"""The figures of a period, counted, masked where cells are small, and written as a workbook and CSV."""
