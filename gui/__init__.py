"""The window. Knows core's domain, the strategies' parameters and the desk, nothing below.

Importing this package imports nothing: the window shows before numpy, pydantic and the core
are loaded. Start with `bootstrap.py`; each panel is a folder with a Qt-free model and thin widgets.
"""
