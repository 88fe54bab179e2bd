"""What a person sees of a run at a gateway; runs that outlive their terminal, or their readers."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from tests.integration.gateway import SIZE, Gateway, gateway, stays, strategy_in
from tests.integration.peer import PATIENCE_S, Client
from tests.integration.terminal import BACK as SCREEN_BACK
from tests.integration.terminal import Terminal, terminal
from tests.integration.test_live_conditions import BACK, FRESH, LOST, STALE

NOTES = """
from runner import Strategy

class Notes(Strategy):
    default_subscriptions = ("S:AAPL:candle",)
    seen = 0

    def on_candle(self, candle):
        self.seen += 1
        print("a printed line", candle.close)
        if self.seen % 2 == 0:
            self.buy(quantity=1)

    def on_stop(self):
        open("seen", "w").write(str(self.seen))
"""


class Market:
    """A gateway's script that goes on when the test says so."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()

    def __call__(self, client: Client) -> None:
        client.candles(0, 1)
        assert self.goes_on.wait(PATIENCE_S)
        client.candles(2, 3)
        client.acks(4)
        client.complete()
        client.wait_until_closed()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    strategy_in(tmp_path, NOTES, "notes.py")
    return tmp_path


def trading(place: Gateway) -> dict[str, str]:
    return {"GATEWAY_URL": place.url, "SUBSCRIPTIONS": "S:AAPL:candle", **SIZE}


def closed(seen: Terminal, shown: str) -> None:
    """Close the terminal as soon as it has shown a text."""
    seen.wait_for(lambda _: shown in seen.raw.decode("utf-8", "replace"))
    seen.hang_up()


@pytest.mark.parametrize("ui", ["live", "plain"])
def test_O4_a_headless_backtest_goes_on_to_its_end_without_a_terminal(
    folder: Path, ui: str
) -> None:
    arguments = ("run", "notes.py", "--speed", "800", "--headless", "--ui", ui)
    with terminal(*arguments, cwd=folder) as seen:
        closed(seen, "3,270 candles")

        assert seen.finish() == 0
    assert (folder / "seen").read_text() == "3270"


def test_O4_without_headless_a_closed_terminal_ends_a_run_at_a_gateway(folder: Path) -> None:
    market = Market()
    with gateway(market) as place:
        with terminal("run", "notes.py", cwd=folder, **trading(place)) as seen:
            closed(seen, "PAPER")

            assert seen.finish() == 143
        market.goes_on.set()
        assert len(place.book.posts) <= 1


def test_O4_a_headless_run_at_a_gateway_keeps_trading_without_a_terminal(folder: Path) -> None:
    market = Market()
    with gateway(market) as place:
        mine = trading(place)
        with terminal("run", "notes.py", "--headless", cwd=folder, **mine) as seen:
            place.wait_for_posts(1)
            closed(seen, "PAPER")
            market.goes_on.set()

            assert seen.finish() == 0
        assert len(place.book.posts) == 2


@pytest.mark.parametrize("ui", ["plain", "json"])
def test_O7_a_run_at_a_gateway_keeps_trading_when_its_readers_have_gone(
    folder: Path, ui: str
) -> None:
    market = Market()
    with gateway(market) as place:
        process = place.start(folder, "run", "notes.py", "--ui", ui, **SIZE)
        assert process.stdout is not None
        assert process.stderr is not None
        place.wait_for_posts(1)
        process.stdout.close()
        process.stderr.close()
        market.goes_on.set()

        assert process.wait(PATIENCE_S) == 0
        assert len(place.book.posts) == 2


def test_the_dashboard_shows_what_a_gateway_says_of_its_condition(folder: Path) -> None:
    seen_so_far = threading.Semaphore(0)

    def script(client: Client) -> None:
        client.candles(0)
        for one in (STALE, LOST, BACK, FRESH):
            client.send(one)
            assert seen_so_far.acquire(timeout=PATIENCE_S)
        stays(client)

    with (
        gateway(script) as place,
        terminal("run", "notes.py", cwd=folder, size=(120, 40), **trading(place)) as seen,
    ):
        stale = seen.wait_for("!! STALE")
        assert "REDUCING" in stale[2]
        assert stale[0].startswith(" PAPER")
        seen_so_far.release()
        lost = seen.wait_for("!! DISCONNECTED")
        assert "PAUSED" in lost[3]
        seen_so_far.release()
        seen.wait_for(lambda lines: not any("DISCONNECTED" in line for line in lines))
        seen_so_far.release()
        seen.wait_for(lambda lines: "ACTIVE" in lines[1])
        seen_so_far.release()
        seen.press("q")
        assert seen.finish() == 130


def test_O9_the_crash_of_a_guarded_run_gives_the_terminal_back(folder: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        stays(client)

    with (
        gateway(script) as place,
        terminal("run", "notes.py", cwd=folder, size=(120, 40), **trading(place)) as seen,
    ):
        seen.wait_for("a printed line")
        seen.wait_for("Connection")
        children = Path(f"/proc/{seen.pid}/task/{seen.pid}/children").read_text()
        (run,) = map(int, children.split())
        os.kill(run, signal.SIGSEGV)

        assert seen.finish() == 5

        seen.wait_for(lambda _: SCREEN_BACK in seen.raw and seen.is_as_before())
        assert b"error[E504]" in seen.raw
