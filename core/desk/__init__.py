"""The composition root: settings in, a running desk out, without any window.

May import everything in `core`. Start with `desk.py`.
"""
