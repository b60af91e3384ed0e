"""The merged depth of all venues, cumulative, with a crosshair that reads it.

`ranges`, `geometry` and `reading` are arithmetic without Qt: what is visible, which polygons that makes, what
it costs to trade to a price. `chart` paints, `table` shows the reading, `panel` joins them to the desk.
Start with `panel.py`.
"""
