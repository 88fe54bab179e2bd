"""How much is kept, and what never goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runner.records.index import Row, open_index
from runner.records.retention import surplus
from tests.unit.records.making import end_of, put, run_in, shelf_of

MANY, MUCH = 1000, 10**9


def row(id: str, *, status: str = "complete", tags: str = "", size: int = 10) -> Row:
    return replace(_SOME, id=id, status=status, tags=tags, size=size)


@pytest.fixture(autouse=True, scope="module")
def _some(tmp_path_factory: pytest.TempPathFactory) -> None:
    shelf = shelf_of(tmp_path_factory.mktemp("some"))
    put(shelf, end=end_of())
    global _SOME
    with open_index(shelf) as index:
        (_SOME,) = index.rows()


_SOME: Row


def test_nothing_goes_while_there_is_room() -> None:
    assert surplus([row("a"), row("b")], max_runs=2, max_bytes=20) == []


def test_the_oldest_go_first_until_the_rest_fits() -> None:
    rows = [row("a"), row("b"), row("c"), row("d")]

    assert surplus(rows, max_runs=2, max_bytes=MUCH) == ["a", "b"]
    assert surplus(rows, max_runs=MANY, max_bytes=35) == ["a"]
    assert surplus([row("a", size=99), row("b")], max_runs=MANY, max_bytes=20) == ["a"]


def test_what_runs_what_has_a_tag_and_what_has_just_ended_never_go() -> None:
    rows = [row("a", tags=" good "), row("b", status="running"), row("c"), row("d", status="died")]

    assert surplus(rows, max_runs=1, max_bytes=MUCH, keep="c") == ["d"]


def test_a_run_makes_room_for_itself(tmp_path: Path) -> None:
    first, second, third = (run_in(tmp_path, **{"records.max_runs": "2"}) for _ in range(3))

    assert set(shelf_of(tmp_path).ids()) == {second.record, third.record}
    assert first.record
