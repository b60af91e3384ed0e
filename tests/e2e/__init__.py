"""The whole program, as a trader starts it."""
