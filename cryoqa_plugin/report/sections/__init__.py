"""Sections of the report, one a file: SECTION and render(results)."""
