"""One suite that every connector passes, whatever is behind it."""
