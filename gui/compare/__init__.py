"""All strategies side by side for what the ticket asks for: a small window beside the ticket.

`model.py` is Qt-free: comparisons to rows of text. `panel.py` is the window. It may import the domain, the desk and
the ticket's small parts. Start in `model.py`.
"""
