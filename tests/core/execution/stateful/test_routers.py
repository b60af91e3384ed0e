"""The thirteen invariants after every step of random examples: see `themes.Routers`."""

from __future__ import annotations

import pytest

from tests.core.execution.stateful.themes import EXAMPLES, Routers, how

pytestmark = pytest.mark.timeout(600)

TestRouters = Routers.TestCase
TestRouters.settings = how(EXAMPLES)
