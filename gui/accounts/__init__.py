"""The trader's API keys: which there are, entering them, trying them, forgetting them.

A key that was entered leaves this folder in one direction only, to the system's key store; nothing here can read it back.
May import the desk's `keys` and `accounts`. Start with `dialog.py`; `words.py` is what it says, without Qt.
"""
