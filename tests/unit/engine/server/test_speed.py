"""What holds simulated time back."""

from __future__ import annotations

import asyncio
import os

import pytest

from runner.engine.server.speed import Multiple, Steps

DAY_MS = 86_400_000


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


async def turn(speed: Multiple, moment_ms: int) -> None:
    await speed.turn(moment_ms)
    speed.moved(moment_ms)


@pytest.mark.parametrize(("factor", "seconds"), [(1.0, 60.0), (100.0, 0.6), (0.5, 120.0)])
def test_a_step_waits_for_its_share_of_real_time(factor: float, seconds: float) -> None:
    clock = Clock()
    speed = Multiple(factor, clock=clock, sleep=clock.sleep)

    async def steps() -> None:
        for moment_ms in (DAY_MS, DAY_MS + 60_000, DAY_MS + 180_000):
            await turn(speed, moment_ms)

    asyncio.run(steps())

    assert clock.slept == pytest.approx([seconds, 2 * seconds])


def test_what_the_strategy_took_counts_and_is_never_made_up_for() -> None:
    clock = Clock()
    speed = Multiple(1.0, clock=clock, sleep=clock.sleep)

    async def steps() -> None:
        await turn(speed, 0)
        clock.now += 4
        await turn(speed, 10_000)
        clock.now += 25
        await turn(speed, 20_000)
        await turn(speed, 30_000)

    asyncio.run(steps())

    assert clock.slept == pytest.approx([6, 10])


def test_each_line_is_one_step_and_the_end_of_the_input_frees_the_rest() -> None:
    reading, writing = os.pipe()
    taken = 0

    async def steps() -> None:
        nonlocal taken
        speed = Steps(reading)
        os.write(writing, b"\n\n")
        for moment_ms in range(2):
            await speed.turn(moment_ms)
            taken += 1
        third = asyncio.create_task(speed.turn(3))
        done, _ = await asyncio.wait([third], timeout=0.05)
        assert not done
        os.close(writing)
        await third
        await speed.turn(4)

    asyncio.run(asyncio.wait_for(steps(), 10))
    os.close(reading)

    assert taken == 2


def test_an_input_that_cannot_be_read_is_one_that_has_ended() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)

    async def step() -> None:
        await Steps(reading).turn(1)

    asyncio.run(asyncio.wait_for(step(), 10))
