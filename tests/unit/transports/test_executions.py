"""What is counted of executions that were heard, listed or concluded, in any order of telling."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest

from runner.errors import RiskHalt
from runner.journal import Journal
from runner.journal.lines import Seen
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import Trade
from runner.transports.executions import Executions
from tests.helpers import AAPL, START, snapshot, trade

PARTS = {"t-1": 20, "t-2": 15, "t-3": 5, "t-4": 2}
"""The executions of an order of 42; the first three of them are concluded in the beginning."""
FILLED = 42


class Scene:
    """One order at a gateway that lists what it is told to, and what a run counts of it."""

    def __init__(self, journal: Journal) -> None:
        self.now = 0.0
        self.listed: tuple[Trade, ...] = ()
        self.told: list[Trade] = []
        self.filled = 0
        self.heard = 0
        self.journal = journal
        self.counting = Executions(
            self, self.journal, currency=lambda: "USD", pauses_s=(1.0,), clock=lambda: self.now
        )

    def executions(self, order_id: str) -> tuple[Trade, ...]:
        return self.listed

    def says(self, filled: int) -> None:
        self.filled = max(self.filled, filled)
        status = OrderStatus.FILLED if filled == FILLED else OrderStatus.PARTIALLY_FILLED
        order = snapshot("o-1", status=status, quantity=FILLED, filled=filled, price=100)
        self.journal.write(Seen(START, "o-1", AAPL, order.side, status, order.filled_quantity))
        self.counting.note(order)

    def executes(self, name: str, quantity: int) -> None:
        self.heard += quantity
        told = self.counting.hear(trade(name, quantity=quantity))
        self.told += [] if told is None else [told]

    def take(self, one: str) -> None:
        if one == "order":
            self.says(FILLED)
        else:
            self.executes(one, PARTS[one])

    def asks(self) -> None:
        self.now += 1.0
        self.told += self.counting.due()

    @property
    def counted(self) -> Decimal:
        return sum((one.quantity for one in self.told), Decimal(0))


@contextmanager
def concluded(path: Path) -> Iterator[Scene]:
    """Give a run that has concluded the first 40, of which nobody had told it."""
    journal = Journal(path, sync=lambda file: None)
    scene = Scene(journal)
    scene.says(40)
    scene.asks()
    assert [(one.quantity, one.synthesised) for one in scene.told] == [(40, True)]
    yield scene
    journal.close()


@pytest.mark.parametrize("asked_behind", range(1, 6))
def test_executions_count_once_in_whatever_order_they_are_told_after_some_were_concluded(
    tmp_path: Path, asked_behind: int
) -> None:
    for number, telling in enumerate(permutations(("order", *PARTS))):
        with concluded(tmp_path / f"{number}.jsonl") as scene:
            for index, one in enumerate(telling, 1):
                scene.take(one)
                if index == asked_behind:
                    scene.asks()
                assert 40 <= scene.counted <= max(scene.filled, scene.heard), telling
            scene.asks()

            assert scene.counted == FILLED, telling


def test_executions_count_once_where_they_are_listed_after_the_newest_was_told(
    tmp_path: Path,
) -> None:
    for number, telling in enumerate(permutations(("order", "t-4"))):
        with concluded(tmp_path / f"{number}.jsonl") as scene:
            for one in telling:
                scene.take(one)
            scene.listed = tuple(trade(one, quantity=PARTS[one]) for one in PARTS)
            scene.asks()

            assert scene.counted == FILLED, telling


def test_executions_count_once_over_a_restart(tmp_path: Path) -> None:
    with concluded(tmp_path / "journal.jsonl") as scene:
        scene.take("t-1")
        scene.take("t-4")
        told = scene.told
    journal = Journal(tmp_path / "journal.jsonl", sync=lambda file: None)
    scene = Scene(journal)
    scene.told = told
    for one in ("t-4", "order", "t-2", "t-1", "t-3"):
        scene.take(one)
    scene.asks()
    journal.close()

    assert scene.counted == FILLED


def test_the_journal_says_what_was_confirmed_and_nothing_of_it_elsewhere(tmp_path: Path) -> None:
    with concluded(tmp_path / "journal.jsonl") as scene:
        for one in ("t-1", "order", "t-4"):
            scene.take(one)
    lines = [json.loads(one) for one in (tmp_path / "journal.jsonl").read_text().splitlines()]
    told = [one for one in lines if one["kind"] == "traded"]

    assert [(one["quantity"], one.get("confirms")) for one in told] == [
        ("40", None),
        ("0", "20"),
        ("2", None),
    ]


def test_the_newest_execution_is_told_as_it_is_where_the_order_tells_of_more(
    tmp_path: Path,
) -> None:
    with concluded(tmp_path / "journal.jsonl") as scene:
        for one in ("order", "t-4", "t-3", "t-1", "t-2"):
            scene.take(one)

        assert [one.id for one in scene.told] == ["synthesised-o-1-40", "t-4"]


def test_of_executions_that_are_listed_the_oldest_are_those_that_were_concluded(
    tmp_path: Path,
) -> None:
    with concluded(tmp_path / "journal.jsonl") as scene:
        scene.says(FILLED)
        listed = {"t-b": 2, "t-a": 38, "t-c": 2}
        moments = {"t-a": 1, "t-b": 2, "t-c": 3}
        scene.listed = tuple(
            trade(name, quantity=quantity, moment=START + timedelta(seconds=moments[name]))
            for name, quantity in listed.items()
        )
        scene.asks()

        assert [one.id for one in scene.told] == ["synthesised-o-1-40", "t-c"]


def test_executions_beyond_an_order_that_was_concluded_in_part_stop_the_run(
    tmp_path: Path,
) -> None:
    beyond = {**PARTS, "t-5": 1}
    for number, telling in enumerate(permutations(beyond)):
        with concluded(tmp_path / f"{number}.jsonl") as scene:
            for name in telling[:-1]:
                scene.executes(name, beyond[name])
            with pytest.raises(RiskHalt, match="executed for 43 of 42") as caught:
                scene.executes(telling[-1], beyond[telling[-1]])

        assert caught.value.id == "E935"
