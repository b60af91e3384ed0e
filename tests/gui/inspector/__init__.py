"""The inspector: figures, stories and the panel on a fake desk."""
