"""The thirteen invariants after every step of random examples: see `themes.Calm`."""

from __future__ import annotations

import pytest

from tests.core.execution.stateful.themes import EXAMPLES, Calm, how

pytestmark = pytest.mark.timeout(600)

TestCalm = Calm.TestCase
TestCalm.settings = how(EXAMPLES // 4)
