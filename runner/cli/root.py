"""The tree of commands."""

from __future__ import annotations

import typer

from runner.cli.data import data
from runner.cli.doctor import doctor
from runner.cli.engine import engine
from runner.cli.explain import explain
from runner.cli.explain_order import explain_order
from runner.cli.flatten import flatten
from runner.cli.halt import halt
from runner.cli.new import new
from runner.cli.replay import replay
from runner.cli.report import report
from runner.cli.run import run
from runner.cli.runs import runs
from runner.cli.smoke import smoke
from runner.cli.strategies import strategies
from runner.cli.validate_config import validate_config
from runner.cli.verify import verify

app = typer.Typer(
    name="runner",
    help="Run a trading strategy: on an embedded engine, a Backtest Engine or a Trading Gateway.",
    epilog="Example: runner run strategies/sma_cross.py",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", epilog="Example: runner run strategies/sma_cross.py -p fast=5 -s S:MSFT:candle")(
    run
)
app.command("smoke", epilog="Example: runner smoke strategies/sma_cross.py -p fast=5")(smoke)
app.command("verify", epilog="Example: runner verify strategies/sma_cross.py -p fast=5")(verify)
app.command("validate-config", epilog="Example: runner validate-config configs/embedded.yaml")(
    validate_config
)
app.command("new", epilog="Example: runner new my_strategy.py --template rsi")(new)
app.command("strategies", epilog="Example: runner strategies strategies/sma_cross.py")(strategies)
app.command("doctor", epilog="Example: runner doctor --config configs/engine.yaml")(doctor)
app.command("explain", epilog="Example: runner explain E301")(explain)
app.command("replay", epilog="Example: runner replay last --strategy strategies/sma_cross.py")(
    replay
)
app.command("report", epilog="Example: runner report last --open")(report)
app.command("halt", epilog="Example: runner halt last")(halt)
app.command("flatten", epilog="Example: runner flatten --symbols S:AAPL")(flatten)
app.command("explain-order", epilog="Example: runner explain-order last r-1")(explain_order)
app.add_typer(runs, name="runs")
app.add_typer(engine, name="engine")
app.add_typer(data, name="data")


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", "-V", help="Print the version and exit."),
) -> None:
    if version:
        from runner import __version__

        typer.echo(f"runner {__version__}")
        raise typer.Exit
