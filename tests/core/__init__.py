"""The engine without a window; mirrors `core/`."""
