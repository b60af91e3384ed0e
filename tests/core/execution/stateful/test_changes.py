"""The thirteen invariants after every step of random examples: see `themes.Changes`."""

from __future__ import annotations

import pytest

from tests.core.execution.stateful.themes import EXAMPLES, Changes, how

pytestmark = pytest.mark.timeout(600)

TestChanges = Changes.TestCase
TestChanges.settings = how(EXAMPLES)
