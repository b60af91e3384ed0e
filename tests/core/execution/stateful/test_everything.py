"""The thirteen invariants after every step of random examples: see `themes.Everything`."""

from __future__ import annotations

import pytest

from tests.core.execution.stateful.themes import EXAMPLES, Everything, how

pytestmark = pytest.mark.timeout(600)

TestEverything = Everything.TestCase
TestEverything.settings = how(EXAMPLES)
