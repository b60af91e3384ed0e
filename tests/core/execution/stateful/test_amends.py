"""The thirteen invariants after every step of random examples: see `themes.Amends`."""

from __future__ import annotations

import pytest

from tests.core.execution.stateful.themes import EXAMPLES, Amends, how

pytestmark = pytest.mark.timeout(600)

TestAmends = Amends.TestCase
TestAmends.settings = how(EXAMPLES)
