"""The thirteen invariants after every step of random examples: see `themes.Silence`."""

from __future__ import annotations

import pytest

from tests.core.execution.stateful.themes import EXAMPLES, Silence, how

pytestmark = pytest.mark.timeout(600)

TestSilence = Silence.TestCase
TestSilence.settings = how(EXAMPLES)
