"""`python -m tests.core.execution.mutations`: the table of protections, and how the test of each ended without it."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path

from tests.core.execution.mutations.protections import PROTECTIONS
from tests.core.execution.mutations.running import run, verdict


async def main() -> None:
    logging.disable(logging.CRITICAL)  # what a broken program logs is no news here
    print("| protection | switched off | killed by |\n|---|---|---|")  # noqa: T201 - a command line
    with tempfile.TemporaryDirectory() as directory:
        for number, each in enumerate(PROTECTIONS):
            await run(each, Path(directory) / f"{number}-with")
            noticed = await verdict(each, Path(directory) / f"{number}-without")
            module, _, test = each.killer.rpartition("::")
            where = module.removeprefix("tests.core.execution.").replace(".", "/") + ".py"
            print(f"| {each.name} | {each.without} | {f'`{where}` {test}' if noticed else '**nobody**'} |")  # noqa: T201 - as above


if __name__ == "__main__":
    asyncio.run(main())
