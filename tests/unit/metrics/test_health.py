"""When a run counts as alive, and when as ready, by a clock that the test turns."""

from __future__ import annotations

import pytest

from runner import Strategy
from runner.metrics.health import Health
from runner.session import Session, Stop
from runner.transports.pace import Pace
from runner.transports.stop import StopRequest
from runner.transports.vitals import Standing, Vitals
from tests.helpers import candle, set_up, state

LIMIT_S = 60.0


class Watched:
    """A run that stands still until the test moves it."""

    def __init__(self, standing: Standing = "in process", *, paced: bool = False) -> None:
        self.now = 0.0
        self.session: Session = set_up(Strategy)
        self.vitals = Vitals(standing)
        self.stop = StopRequest()
        self.pace = Pace(self.stop) if paced else None
        self.health = Health(
            self.session,
            self.vitals,
            self.stop,
            self.pace,
            stalled_after_s=LIMIT_S,
            clock=lambda: self.now,
        )

    def after(self, seconds: float) -> str:
        """Return the complaint after so much more time."""
        self.now += seconds
        return self.health.complaint()


def test_a_run_that_stands_still_is_dead_after_the_limit_and_not_before() -> None:
    run = Watched()

    assert run.after(0) == ""
    assert run.after(LIMIT_S) == ""
    assert "nothing has moved for 61 s" in run.after(1)


def test_a_run_that_moves_again_is_alive_again() -> None:
    run = Watched()
    run.after(0)
    assert run.after(LIMIT_S + 1)

    run.session.desk.take_candle(candle())

    assert run.after(0) == ""
    assert run.after(LIMIT_S) == ""


def test_waiting_for_a_quiet_peer_is_no_standing_still() -> None:
    run = Watched("connected")
    run.vitals.is_waiting = True

    assert run.after(0) == run.after(10 * LIMIT_S) == ""

    run.vitals.is_waiting = False  # and now it is in a handler
    assert run.after(LIMIT_S) == ""
    assert run.after(1) != ""


def test_a_pause_is_no_standing_still() -> None:
    run = Watched(paced=True)
    assert run.pace is not None
    run.pace.is_waiting = True

    assert run.after(0) == run.after(10 * LIMIT_S) == ""


def test_a_request_that_is_answered_is_progress() -> None:
    run = Watched("connected")
    run.after(0)
    run.after(LIMIT_S - 1)

    run.vitals.answered(59.0)

    assert run.after(2) == ""


@pytest.mark.parametrize("standing", ["connecting", "reconnecting", "closed"])
def test_a_run_without_its_peer_is_not_ready_and_says_why(standing: Standing) -> None:
    run = Watched(standing)
    run.session.desk.load(state())

    assert run.health.reluctance() == standing


def test_a_run_is_ready_once_its_account_is_read_until_it_stops() -> None:
    run = Watched("connected")
    assert run.health.reluctance() == "the account has not been read"

    run.session.desk.load(state())
    assert run.health.reluctance() == ""

    run.stop.ask(Stop("terminated"))
    assert run.health.reluctance() == "stopping"
