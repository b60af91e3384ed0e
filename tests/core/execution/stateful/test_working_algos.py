"""The thirteen invariants after every step of random examples: see `themes.WorkingAlgos`."""

from __future__ import annotations

import pytest

from tests.core.execution.stateful.themes import EXAMPLES, WorkingAlgos, how

pytestmark = pytest.mark.timeout(600)

TestWorkingAlgos = WorkingAlgos.TestCase
TestWorkingAlgos.settings = how(EXAMPLES)
