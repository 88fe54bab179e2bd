"""What `runner engine serve` makes of its options before it listens."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from runner.cli.engine import engine
from runner.errors import RunnerError

PORTS = ["--ws-port", "0", "--rest-port", "0"]


@pytest.mark.parametrize(
    ("arguments", "id", "words"),
    [
        ("--host=0.0.0.0", "E371", ["--token"]),
        ("--host=0.0.0.0 --token=", "E371", ["--token"]),
        ("--token=sch\u00f6n", "E372", ["--token"]),
        ("--ws-port=9000 --rest-port=9000", "E374", ["--ws-port"]),
        ("--commission=5", "E301", ["--commission", "5 bps"]),
        ("--slippage=-1bps", "E301", ["--slippage"]),
        ("--cash=0", "E301", ["--cash"]),
        ("--leverage=nan", "E301", ["--leverage"]),
        ("--leverage=0.5", "E301", ["--leverage"]),
        ("--from=yesterday", "E301", ["--from"]),
        ("--to=2024-02-30", "E301", ["--to"]),
        ("--timeframe=1day", "E301", ["--timeframe", "1d"]),
        ("--timeframes=1d,1month", "E375", ["--timeframes", "1w"]),
        ("--timeframes=1h", "E322", ["candles of 1h cannot be made from candles of 1d"]),
        ("--timezone=Mars", "E301", ["--timezone", "America/New_York"]),
        ("--skip-bad=-1", "E301", ["--skip-bad"]),
        ("--set=exchange.volume_share=0%", "E301", ["exchange.volume_share", "more than 0"]),
        ("--set=exchange.volume_shares=5%", "E301", ["did you mean exchange.volume_share?"]),
        ("--config=nowhere.yaml", "E301", ["nowhere.yaml"]),
        ("--ping-interval=soon", "E375", ["--ping-interval"]),
        ("--speed=fast", "E375", ["--speed", "100x"]),
        ("--speed=0x", "E375", ["--speed"]),
        ("--speed=x", "E375", ["--speed"]),
        ("--start-on=trade", "E375", ["--start-on", "connect"]),
        ("--ack-window=-5s", "E375", ["--ack-window"]),
        ("--resume-window=soon", "E375", ["--resume-window"]),
        ("--dialect=rawish", "E375", ["--dialect", "raw"]),
        ("--symbols=S:AAPLE", "E360", ["S:AAPL"]),
        ("--data=nowhere.csv", "E351", ["nowhere.csv"]),
    ],
)
def test_a_mistake_exits_3_and_names_its_option(arguments: str, id: str, words: list[str]) -> None:
    result = CliRunner().invoke(engine, ["serve", *PORTS, *arguments.split(" ")])

    assert isinstance(result.exception, RunnerError)
    assert (result.exception.id, result.exception.exit_code) == (id, 3)
    assert all(word in str(result.exception) for word in words)
    assert result.stdout == ""


def test_a_port_out_of_range_is_a_mistake_of_usage() -> None:
    result = CliRunner().invoke(engine, ["serve", "--ws-port", "70000"])

    assert result.exit_code == 2
    assert "--ws-port" in result.output
