"""Everything about one order: what it cost and why, how it kept its schedule, what happened to it, how it was asked for.

Qt-free: `costs.py` (the TCA report in words), `details.py` (the request), `story.py` (timeline and schedule, gathered
from events). Widgets: `sheet.py` paints figures, `chart.py` draws the schedule, `panel.py` is the dock's content. It
may import the domain, the desk and other panels' small parts. Start in `costs.py`.
"""
