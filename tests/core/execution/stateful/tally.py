"""What all examples of this process did, for the figures of a long run."""

from __future__ import annotations

from collections import Counter

from tests.core.execution.stateful.world import World

TALLY: Counter[str] = Counter()


def count(world: World, steps: int) -> None:
    """Add an example to the figures."""
    parents = world.parents()
    TALLY["examples"] += 1
    TALLY["steps"] += steps
    TALLY["parents"] += len(parents)
    TALLY["children"] += sum(len(parent.children) for parent in parents)
    TALLY["venue orders"] += sum(len(connector.truth.orders) for connector in world.venues.values())
    TALLY["fills"] += sum(len(connector.truth.fills) for connector in world.venues.values())
    TALLY["crashes"] += world.crashes
    TALLY["restarts without a venue"] += world.left_outs
    TALLY["events"] += world.witness.heard
    TALLY["journal commits"] += world.disk.commits
    TALLY["changes"] += sum(len(changes) for changes in world.witness.amended.values())
    TALLY["parents held by a silent venue"] += len(world.witness.held)
    TALLY["children in quarantine"] += len(world.witness.lost)
    TALLY["children resolved by the trader"] += sum("resolved_by_trader" in c.flags for parent in parents for c in parent.children.values())
    TALLY["parents misled by the trader"] += len(world.witness.misled)
    for parent in parents:
        TALLY[f"ended {parent.status.value}"] += 1
        TALLY[f"of {parent.request.strategy.value}"] += 1
