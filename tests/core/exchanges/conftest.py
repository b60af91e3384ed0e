"""A spot and a perp paper venue, each with three levels a side and nothing wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.core.exchanges.paper_desk import PERP, PaperDesk, paper_desk


@pytest_asyncio.fixture
async def spot() -> AsyncIterator[PaperDesk]:
    async with paper_desk() as desk:
        yield desk


@pytest_asyncio.fixture
async def perp() -> AsyncIterator[PaperDesk]:
    async with paper_desk(PERP) as desk:
        yield desk
