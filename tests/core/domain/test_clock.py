"""Three kinds of time: the wall's, a recording's, and one that stands still."""

from __future__ import annotations

import asyncio

import pytest

from core.domain.clock import ScaledClock, SimulatedClock, SystemClock
from core.domain.errors import BadRequest

START_US = 1_723_161_254_000_000


@pytest.mark.parametrize(("speed", "wall_s", "passed_us"), [(1, 2, 2_000_000), (10, 2, 20_000_000), (0.5, 2, 1_000_000)])
async def test_a_recordings_time_runs_so_many_times_as_fast_as_the_walls(speed: float, wall_s: float, passed_us: int) -> None:
    wall = SimulatedClock()
    clock = ScaledClock(START_US, speed, wall)
    assert clock.now_us() == START_US
    await wall.advance(wall_s)
    assert clock.now_us() == START_US + passed_us


async def test_sleeping_in_a_recordings_time_takes_so_much_less_of_the_walls() -> None:
    wall = SimulatedClock()
    clock = ScaledClock(START_US, 10, wall)
    sleeper = asyncio.create_task(clock.sleep(30))
    await wall.advance(2.999)
    assert not sleeper.done()
    await wall.advance(0.001)
    await sleeper
    assert clock.now_us() == START_US + 30_000_000


class Computer:
    """A computer's clocks, moved by hand. Seconds."""

    def __init__(self) -> None:
        self.wall_s, self.steady_s = 1_700_000_000.0, 50.0
        self.clock = SystemClock(lambda: round(self.wall_s * 1e9), lambda: round(self.steady_s * 1e9))

    def pass_s(self, seconds: float) -> float:
        """Let time pass; what the clock made of it."""
        before_us = self.clock.now_us()
        self.wall_s, self.steady_s = self.wall_s + seconds, self.steady_s + seconds
        return (self.clock.now_us() - before_us) / 1e6


def test_a_computers_clock_that_is_set_back_does_not_stop_time() -> None:
    computer = Computer()
    assert computer.pass_s(10) == pytest.approx(10)
    before_us = computer.clock.now_us()
    computer.wall_s -= 3_600
    assert computer.clock.now_us() == before_us
    assert computer.pass_s(10) == pytest.approx(9.9)
    assert computer.clock.ahead_s == pytest.approx(3_599.9)


def test_a_clock_that_is_ahead_comes_back_to_the_computers_without_ever_running_back() -> None:
    computer = Computer()
    computer.wall_s -= 1
    passed = [computer.pass_s(1) for _ in range(150)]
    assert min(passed) == pytest.approx(0.99)
    assert computer.clock.now_us() == round(computer.wall_s * 1e6)
    assert computer.pass_s(10) == pytest.approx(10)


def test_a_sleep_of_the_machine_and_a_clock_set_forward_are_followed() -> None:
    computer = Computer()
    computer.wall_s += 3_600
    assert computer.clock.now_us() == round(computer.wall_s * 1e6)
    assert computer.clock.ahead_s == 0


async def test_a_deadline_that_has_passed_wakes_at_once_but_gives_way() -> None:
    clock = ScaledClock(START_US, 1, SimulatedClock())
    turns: list[str] = []
    other = asyncio.create_task(_note(turns))
    await clock.sleep_until(START_US - 1)
    assert turns == ["other"]
    await other


async def _note(turns: list[str]) -> None:
    turns.append("other")


async def test_a_wall_clock_that_is_set_back_stops_a_recording_but_never_turns_it_back() -> None:
    class Wall(SystemClock):  # type: ignore[misc] # final for the program; here its hands are moved
        passed_us = 0

        def now_us(self) -> int:
            return self.passed_us

    wall = Wall()
    clock = ScaledClock(START_US, 1, wall)
    wall.passed_us = 5_000_000
    assert clock.now_us() == START_US + 5_000_000
    wall.passed_us = 1_000_000
    assert clock.now_us() == START_US + 5_000_000


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan")])
def test_a_speed_must_be_positive_and_finite(speed: float) -> None:
    with pytest.raises(BadRequest, match="speed must be a positive number"):
        ScaledClock(START_US, speed)


def test_without_a_wall_it_is_the_systems() -> None:
    assert ScaledClock(START_US).now_us() >= START_US


async def test_simulated_sleepers_wake_in_the_order_of_their_deadlines() -> None:
    clock = SimulatedClock(START_US)
    woke: list[tuple[str, int]] = []

    async def sleep(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woke.append((name, clock.now_us() - START_US))

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("late", 3), ("early", 1), ("middle", 2)):
            group.create_task(sleep(name, seconds))
        await clock.advance(10)
    assert woke == [("early", 1_000_000), ("middle", 2_000_000), ("late", 3_000_000)]


async def test_a_cancelled_sleeper_is_not_waited_for() -> None:
    clock = SimulatedClock(START_US)
    sleeper = asyncio.create_task(clock.sleep(5))
    await asyncio.sleep(0)
    assert clock.next_deadline_us() == START_US + 5_000_000
    sleeper.cancel()
    await asyncio.gather(sleeper, return_exceptions=True)
    assert clock.next_deadline_us() is None


async def test_simulated_time_stands_still_while_it_is_held() -> None:
    clock = SimulatedClock(START_US)
    with clock.hold():
        assert clock.held
        advance = asyncio.create_task(clock.advance(1))
        for _ in range(100):
            await asyncio.sleep(0)
        assert clock.now_us() == START_US
    await advance
    assert clock.now_us() == START_US + 1_000_000


async def test_simulated_time_never_runs_back() -> None:
    clock = SimulatedClock(START_US)
    clock.jump_to(START_US - 5)
    await clock.advance_to(START_US - 5)
    assert clock.now_us() == START_US


async def test_the_systems_clock_wakes_no_earlier_than_asked() -> None:
    clock = SystemClock()
    deadline_us = clock.now_us() + 2_000
    await clock.sleep_until(deadline_us)
    assert clock.now_us() >= deadline_us
    await clock.sleep(0)
