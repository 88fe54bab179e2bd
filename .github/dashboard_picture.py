"""Draw the picture of the dashboard in the README: a moment of a real run, at 120 columns by 36.

python .github/dashboard_picture.py     # writes .github/dashboard.svg
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from rich.console import Console

from runner.dashboard.layout import Frame, screen_lines
from runner.dashboard.observer import Observer
from runner.dashboard.pane import Size
from runner.dashboard.snapshot import Facts, Snapshot
from runner.engine.data import open_data
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.session import Session
from runner.strategy.base import seat
from runner.strategy.desk import Desk
from runner.strategy.loader import load_strategy
from runner.strategy.params import resolve_params
from runner.transports.local import run_local
from runner.transports.pace import Pace
from runner.transports.speed import Speed
from runner.transports.stop import StopRequest

HERE = Path(__file__).parent
SIZE = Size(120, 36)
AT = 1900
"""The candle of the moment that is drawn."""
SPEED = 200


def moment_of_a_run() -> Snapshot:
    """Return what an observer sees in the middle of a run, at a clock that keeps the speed."""
    found = load_strategy("strategies/breakout.py", cwd=HERE.parent)
    symbols = [one.partition(":candle")[0] for one in found.default_subscriptions]
    feed = Feed(open_data("sample", symbols))
    desk = Desk(history=found.history)
    desk.subscribed = feed.symbols
    params = resolve_params(found, {})
    session = Session(seat(found, desk, params), desk)
    stop, now = StopRequest(), [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(stop, Speed(per_second=SPEED), between=desk.catch_up,
                clock=lambda: now[0], sleep=sleep)  # fmt: skip
    facts = Facts(
        found.__name__,
        tuple((name, str(value)) for name, value in params.items()),
        source="bundled sample",
        symbols=feed.symbols,
        total=len(feed),
    )
    observer = Observer(facts, session, stop=stop, pace=pace, clock=lambda: now[0])
    taken: list[Snapshot] = []
    turn = pace.turn

    def watch(moment_ms: int) -> None:
        turn(moment_ms)
        if desk.market_events % 100 == 0 and not taken:
            seen = observer.look()
            if desk.market_events >= AT * len(feed.symbols) and seen.positions:
                taken.append(seen)

    pace.turn = watch  # type: ignore[method-assign]
    run_local(session, Exchange(feed), pace=pace)
    return taken[0]


def main() -> None:
    """Run and draw."""
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=SIZE.width, file=nowhere, force_terminal=True)
        console.print(Frame(screen_lines(moment_of_a_run(), SIZE)), end="", soft_wrap=True)
        drawing = console.export_svg(title="runner run strategies/breakout.py --speed 200")
    # The fonts would be fetched from a third party; any monospace font will do.
    text = re.sub(r"\s*@font-face \{.*?\}", "", drawing, flags=re.S)
    (HERE / "dashboard.svg").write_text(text)


if __name__ == "__main__":
    main()
