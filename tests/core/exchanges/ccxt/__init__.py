"""Real exchanges, over real sockets against the emulator where that matters and by hand where it does not."""
