"""Tests of the accounts dialog."""
