"""Quotes of files in whole runs, from the command line: what is read, and what a mistake costs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from websockets.sync.client import connect

from runner.app.market import feed_of
from runner.cli.engine_market import served
from runner.config.models import DataConfig
from runner.engine.data_sample import sample_quotes, sample_series
from runner.engine.data_writing import write_quotes, write_series
from runner.errors import DataError
from tests.integration.engine_process import engine, receive
from tests.integration.test_cli import runner
from tests.integration.test_server_command import serving

EARLIER = datetime(2023, 12, 31, tzinfo=UTC)
STRATEGY = """
from runner import Quote, Strategy


class Once(Strategy):
    def on_quote(self, quote: Quote) -> None:
        if self.is_flat:
            self.buy(quantity=1)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "once.py").write_text(STRATEGY)
    write_quotes(sample_quotes(20, seed=1), tmp_path / "quotes.csv")
    write_series(sample_series(5, seed=1, timeframe="1m"), tmp_path / "candles.csv")
    return tmp_path


def test_quotes_alone_make_a_run(folder: Path) -> None:
    done = runner(
        *("run", "once.py", "--quotes-data", "quotes.csv", "-s", "S:X:quote", "--json"), cwd=folder
    )

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    (trade,) = document["trades"]
    second = list(sample_quotes(20, seed=1).quotes())[1]
    assert (float(trade["price"]), document["data"]["source"]) == (second.ask, "quotes.csv")
    assert document["equity"]["points"] == 20


def data(folder: Path, **keys: object) -> DataConfig:
    return DataConfig(quotes=str(folder / "quotes.csv"), **keys)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "quoted", "candles", "heard"),
    [
        ([], ["S:X"], 0, 20),
        ([("S:X", None)], ["S:X"], 5, 20),
        ([("S:X", None)], [], 5, 0),
        ([], [], 5, 20),
    ],
    ids=["quotes", "both", "candles", "nothing named"],
)
def test_candles_are_read_where_they_are_asked_for(
    folder: Path, wanted: list[tuple[str, str | None]], quoted: list[str], candles: int, heard: int
) -> None:
    chosen = data(folder, path=str(folder / "candles.csv"))

    feed = feed_of(chosen, wanted, ["S:X"], quoted=quoted, cwd=folder)

    assert (sum(map(len, feed.series)), len(feed)) == (candles, candles + heard)
    assert (list(feed.quotes), feed.unseen) == (["S:X"], ())
    assert folder / "quotes.csv" in feed.files()


def test_beside_quotes_the_sample_is_read_only_by_name(folder: Path) -> None:
    alone = feed_of(data(folder), [], [], cwd=folder)
    both = feed_of(data(folder), [("S:AAPL", None)], ["S:AAPL"], cwd=folder)

    assert (alone.symbols, alone.series) == (("S:QUOTES",), ())
    assert (both.symbols, len(both.series)) == (("S:AAPL",), 1)


def test_a_range_and_repairs_hold_for_quotes_too(folder: Path) -> None:
    file = folder / "quotes.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], *reversed(lines[1:]), "bad"]))

    feed = feed_of(data(folder, sort=True, skip_bad=1), [], [], cwd=folder)

    assert len(feed) == 20
    assert [one.split(" of ")[0] for one in feed.repaired()] == ["1 row", "19 rows"]
    with pytest.raises(DataError) as caught:
        feed_of(data(folder, sort=True, skip_bad=1, end=EARLIER), [], [], cwd=folder)
    assert caught.value.id == "E361"


def test_an_engine_serves_quotes_of_files(folder: Path) -> None:
    options = (
        "--quotes-data",
        str(folder / "quotes.csv"),
        "--symbols",
        "S:X",
        "--to",
        "2025-01-01",
    )
    with serving(*options) as (_, addresses), connect(addresses["ws_url"]) as client:
        assert receive(client)["type"] == "connection"
        frame = receive(client)

    assert (frame["type"], frame["quote"]["symbol"]) == ("quote", "S:X")
    assert frame["quote"]["timestamp"] == "2024-01-01T00:00:00Z"


def test_a_person_is_told_what_quotes_are_served(folder: Path) -> None:
    feed = feed_of(data(folder), [], ["S:X"], quoted=["S:X"], cwd=folder)
    with engine(feed) as running:
        said = served(running.server, feed, "quotes.csv", needs_token=False, is_raw=False)

    assert said[0] == "engine: S:X from quotes.csv: 20 quotes, 2024-01-01 to 2024-01-01"
    assert "SUBSCRIPTIONS=S:X:quote " in said[-1]
