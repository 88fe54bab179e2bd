from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import Any

import pytest

from runner.errors import MachineError, RiskHalt, StrategyFailed
from runner.journal import Memory


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    state = {"entered": True, "levels": [1.5, 2], "note": "ä\n", "deep": {"a": None}}
    Memory(tmp_path / "state.json").keep(state)

    assert Memory(tmp_path / "state.json").recall() == state
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600


def test_nothing_kept_is_an_empty_dictionary(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state.json")
    memory.keep({})

    assert memory.recall() == {}
    assert not (tmp_path / "state.json").exists()


def test_what_has_not_changed_is_not_written_again(tmp_path: Path) -> None:
    synced: list[int] = []
    memory = Memory(tmp_path / "state.json", sync=synced.append)
    memory.keep({"a": 1})
    before = len(synced)

    memory.keep({"a": 1})

    assert len(synced) == before == 2


@pytest.mark.parametrize(
    "state",
    [{"a": object()}, {1: "a"}, {"a": (1, 2)}, {"a": float("nan")}, {"a": "x" * (1 << 20)}],
    ids=["object", "number as key", "tuple", "not a number", "too large"],
)
def test_what_would_not_come_back_is_refused(tmp_path: Path, state: Any) -> None:
    memory = Memory(tmp_path / "state.json")

    with pytest.raises(StrategyFailed) as caught:
        memory.keep(state)

    assert caught.value.id == "E510"
    assert not (tmp_path / "state.json").exists()


def test_O5_a_state_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    Memory(tmp_path / "state.json").keep({"a": 1})

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(MachineError) as caught:
        Memory(tmp_path / "state.json", sync=full).keep({"a": 2})

    assert caught.value.id == "E1040"
    assert Memory(tmp_path / "state.json").recall() == {"a": 1}


def test_a_damaged_state_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(b'{"a":')

    with pytest.raises(RiskHalt) as caught:
        Memory(tmp_path / "state.json").recall()

    assert caught.value.id == "E934"
