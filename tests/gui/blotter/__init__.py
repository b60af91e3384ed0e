"""Tests of the blotter."""
