"""The table of figures keeps Prometheus' conventions, and every figure is read and written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from runner import Candle, Strategy
from runner.metrics.exposition import scrape_of
from runner.metrics.figures import FIGURES, Figure
from runner.metrics.reading import Reader
from runner.transports.vitals import Vitals
from tests.helpers import run_strategy, series
from tests.integration.test_cli import SMA, runner


class Buyer(Strategy):
    def on_candle(self, candle: Candle) -> None:
        if self.is_flat:
            self.buy(quantity=10)


def scraped(vitals: Vitals, accept: str = "") -> dict[str, float]:
    """Return the samples of a finished run, by name and labels."""
    run = run_strategy(Buyer, series(100, 100, 110))
    body, _ = scrape_of(Reader(run.session, vitals), {"strategy": "Buyer"})(accept)
    return {
        sample.name + "".join(f" {name}={text}" for name, text in sample.labels.items()): (
            sample.value
        )
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


@pytest.mark.parametrize("figure", FIGURES, ids=lambda one: one.name)
def test_a_name_says_its_kind_and_its_unit(figure: Figure) -> None:
    assert figure.name.startswith("runner_")
    assert figure.name.endswith("_total") == (figure.kind == "counter")
    assert "latency" not in figure.name or figure.name.endswith("_seconds")
    assert figure.help.endswith(".")


def test_no_name_stands_twice() -> None:
    assert len({one.name for one in FIGURES}) == len(FIGURES)


def test_a_run_in_process_tells_nothing_of_a_wire() -> None:
    found = scraped(Vitals())

    names = {name.split(" ")[0] for name in found}
    assert {one.name for one in FIGURES if one.wire_only and one.kind != "summary"} & names == set()
    assert found["runner_events_total type=candle"] == 3
    assert found["runner_orders_total status=FILLED"] == 1
    assert found["runner_position_quantity symbol=S:AAPL"] == 10
    assert found["runner_equity"] == 100_100
    assert found["runner_trading_state state=ACTIVE"] == 1
    assert found["runner_trading_state state=HALTED"] == 0
    assert found["runner_info strategy=Buyer"] == 1
    assert found["process_resident_memory_bytes"] > 0


def test_every_figure_of_a_wire_is_told() -> None:
    vitals = Vitals("connected")
    vitals.acknowledged(0.25)
    vitals.acknowledged(0.75)
    vitals.answered(0.5)
    vitals.connected(is_again=True)
    vitals.arrived_at = 0.0

    found = scraped(vitals)

    names = {name.split(" ")[0].removesuffix("_count").removesuffix("_sum") for name in found}
    told_when_any = {"runner_orders_denied_total", "runner_trading_restrictions"}
    assert {one.name for one in FIGURES} - names == told_when_any
    assert found["runner_ack_latency_seconds_count"] == 2
    assert found["runner_ack_latency_seconds_sum"] == 1.0
    assert found["runner_ack_latency_worst_seconds"] == 0.75
    assert found["runner_request_latency_seconds_sum"] == 0.5
    assert found["runner_reconnects_total"] == 1
    assert found["runner_connection_state state=connected"] == 1


def test_a_scraper_that_prefers_openmetrics_is_given_it() -> None:
    run = run_strategy(Buyer, series(100, 100))

    body, kind = scrape_of(Reader(run.session, Vitals()), {})("application/openmetrics-text")

    assert kind.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_without_the_library_the_error_names_the_extra(tmp_path: Path) -> None:
    (tmp_path / "prometheus_client.py").write_text("raise ImportError('not installed')")

    done = runner("run", SMA, "--metrics", "127.0.0.1:0", PYTHONPATH=str(tmp_path))

    assert (done.returncode, done.stdout) == (3, "")
    assert "error[E333]" in done.stderr
    assert "pip install 'strategy-runner[metrics]'" in done.stderr


def test_nothing_of_the_library_is_loaded_unless_it_is_asked_for() -> None:
    code = "import sys, runner.app; sys.exit('prometheus_client' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
