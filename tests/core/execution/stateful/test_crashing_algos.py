"""The thirteen invariants after every step of random examples: see `themes.CrashingAlgos`."""

from __future__ import annotations

import pytest

from tests.core.execution.stateful.themes import EXAMPLES, CrashingAlgos, how

pytestmark = pytest.mark.timeout(600)

TestCrashingAlgos = CrashingAlgos.TestCase
TestCrashingAlgos.settings = how(EXAMPLES)
