"""The comparison: rows without Qt, and the window on a fake desk."""
