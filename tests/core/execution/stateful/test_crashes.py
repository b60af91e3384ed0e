"""The thirteen invariants after every step of random examples: see `themes.Crashes`."""

from __future__ import annotations

import pytest

from tests.core.execution.stateful.themes import EXAMPLES, Crashes, how

pytestmark = pytest.mark.timeout(600)

TestCrashes = Crashes.TestCase
TestCrashes.settings = how(EXAMPLES)
