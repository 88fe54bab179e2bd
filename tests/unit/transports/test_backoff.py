from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ConnectError
from runner.transports.backoff import START_HINT, Attempts, TemporaryFailure, pause_s
from runner.transports.settings import ConnectionSettings

FAILURE = TemporaryFailure("cannot connect", where="ws://x", why="refused", id="E601")


@given(
    failures=st.integers(1, 10**9),
    initial_s=st.floats(0.001, 3600),
    longest_s=st.floats(0.001, 3600),
    chance=st.floats(0, 1),
)
def test_a_pause_is_between_zero_and_its_doubling_limit(
    failures: int, initial_s: float, longest_s: float, chance: float
) -> None:
    pause = pause_s(failures, initial_s=initial_s, longest_s=longest_s, chance=chance)

    assert 0 <= pause <= longest_s
    if failures < 50:
        assert pause <= initial_s * 2 ** (failures - 1)


@given(st.floats(0.001, 10), st.floats(0.01, 1))
def test_pauses_never_get_shorter_for_the_same_draw(initial_s: float, chance: float) -> None:
    pauses = [pause_s(n, initial_s=initial_s, longest_s=30, chance=chance) for n in range(1, 80)]

    assert pauses == sorted(pauses)
    assert pauses[-1] == 30 * chance


def test_the_last_failure_is_raised_and_says_how_often_it_was_tried() -> None:
    attempts = Attempts(ConnectionSettings(max_attempts=3), lambda: 0.5)
    attempts.failed(FAILURE)
    attempts.failed(FAILURE)

    with pytest.raises(ConnectError) as caught:
        attempts.failed(FAILURE)

    assert caught.value.why == "tried 3 times in a row: refused"
    assert caught.value.fix == START_HINT
    assert not isinstance(caught.value, TemporaryFailure)


def test_N7_pauses_double_from_attempt_to_attempt() -> None:
    attempts = Attempts(ConnectionSettings(max_attempts=0), lambda: 1.0)

    assert [attempts.failed(FAILURE) for _ in range(7)] == [0.5, 1, 2, 4, 8, 16, 30]


def test_N7_success_makes_attempts_count_anew() -> None:
    attempts = Attempts(ConnectionSettings(max_attempts=2), lambda: 1.0)
    first = attempts.failed(FAILURE)
    attempts.succeeded()

    assert attempts.failed(FAILURE) == first


def test_no_limit_of_attempts_never_gives_up() -> None:
    attempts = Attempts(ConnectionSettings(max_attempts=0), lambda: 1.0)

    pauses = [attempts.failed(FAILURE) for _ in range(2000)]

    assert pauses[0] == 0.5
    assert pauses[-1] == 30.0
