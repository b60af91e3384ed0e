"""The window, drawn into memory; mirrors `gui/`."""
