"""Tests of the depth panel: the arithmetic without Qt, the chart with it."""
