"""Tests of the order ticket."""
