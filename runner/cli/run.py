"""`runner run`: run a strategy and print what came of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.options import (
    ColumnsOption,
    ConfigOption,
    DataOption,
    DedupeOption,
    FromOption,
    ParamOption,
    QuotesDataOption,
    RuntimeOption,
    SettingsOption,
    SkipBadOption,
    SortOption,
    StrategyArgument,
    SubscriptionOption,
    TimezoneOption,
    ToOption,
    TrustOption,
)

if TYPE_CHECKING:
    from runner.errors import RunnerError
    from runner.results.result import RunResult


def run(
    strategy: StrategyArgument = None,
    config: ConfigOption = None,
    param: ParamOption = None,
    subscription: SubscriptionOption = None,
    runtime: RuntimeOption = None,
    data: DataOption = None,
    quotes_data: QuotesDataOption = None,
    start: FromOption = None,
    end: ToOption = None,
    timezone: TimezoneOption = None,
    columns: ColumnsOption = None,
    sort: SortOption = False,
    dedupe: DedupeOption = False,
    skip_bad: SkipBadOption = None,
    settings: SettingsOption = None,
    max_events: Annotated[
        str | None, typer.Option("--max-events", help="Stop after this many events.")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", help="Stop after this long: 30s, 5m.")
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option("--resume", help="The run of an engine to go on with, after a kill."),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option("--fail-on", help="Exit 8 if this holds at the end: 'max_drawdown > 20%'."),
    ] = None,
    require_orders: Annotated[
        bool, typer.Option("--require-orders", help="Exit 8 if no order was accepted.")
    ] = False,
    speed: Annotated[
        str | None,
        typer.Option("--speed", help="max, 20/s (time steps a second), realtime, or 100x."),
    ] = None,
    record: Annotated[
        bool | None,
        typer.Option(
            "--record/--no-record",
            help="Keep every event too, for runner replay; or leave no record at all.",
            show_default=False,
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option("--metrics", help="Serve metrics and health at this address: 127.0.0.1:9108."),
    ] = None,
    ui: Annotated[str | None, typer.Option("--ui", help="auto, live, plain, json or none.")] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="Go on when the terminal is closed.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Trade real money at a gateway, after a confirmation.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="At a gateway: simulate all orders; none leaves.")
    ] = False,
    trust: TrustOption = False,
    junit: Annotated[
        Path | None, typer.Option("--junit", help="Write the outcome as JUnit XML.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write a report: report.html, or .md, or .txt."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON document.")
    ] = False,
    log_format: Annotated[
        str | None,
        typer.Option("--log-format", help="text, or json: one object a line on stderr."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, no log; the result only.")
    ] = False,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="More log; twice for all of it.")
    ] = 0,
) -> None:
    """Run a strategy: on real bundled prices, or wherever the configuration says."""
    flags = {
        "params": param,
        "subscriptions": subscription,
        "runtime": runtime,
        "data.path": data,
        "data.quotes": quotes_data,
        "data.from": start,
        "data.to": end,
        "data.timezone": timezone,
        "data.columns": columns,
        "data.sort": True if sort else None,
        "data.dedupe": True if dedupe else None,
        "data.skip_bad": skip_bad,
        "set": settings,
        "max_events": max_events,
        "timeout": timeout,
        "engine.resume": resume,
        "fail_on": fail_on,
        "require_orders": True if require_orders else None,
        "speed": speed,
        "records.enabled": record,
        "records.events": record,
        "log.format": log_format,
        "log.level": "error" if quiet else {0: None, 1: "info"}.get(verbose, "debug"),
        "metrics.listen": metrics,
        "ui": "none" if quiet and ui is None else ui,
        "headless": True if headless else None,
        "live": True if live else None,
        "dry_run": True if dry_run else None,
        "trust": True if trust else None,
    }
    raise typer.Exit(
        _run(
            strategy,
            config,
            flags,
            as_json=as_json,
            junit=junit,
            report=report,
        )
    )


def _run(
    strategy: str | None,
    config: Path | None,
    flags: Mapping[str, object],
    *,
    as_json: bool,
    junit: Path | None,
    report: Path | None,
) -> int:
    from runner.cli.ci import check_junit, leave_traces
    from runner.errors import RunnerError

    name = strategy or str(config or "")
    if junit is not None:
        check_junit(junit)
    try:
        result, error = _execute(strategy, config, flags, report)
    except RunnerError as failed:
        leave_traces(name, None, failed, junit)
        if as_json:
            from runner.results.document import encode_failure

            typer.echo(encode_failure(failed), nl=False)
        raise
    leave_traces(result.strategy.name, result, error, junit)
    # A gate or a limit judges a run that came to its end: its result is as good as any.
    if as_json or error is None or error.exit_code in (8, 9):
        _print_result(result, as_json=as_json)
    if error is not None:
        raise error
    return result.ending.exit_code


def _print_result(result: RunResult, *, as_json: bool) -> None:
    import os

    from runner.cli.output import result_output

    with result_output(is_all=result.runtime.name != "gateway"):
        if as_json:
            from runner.results.document import encode_document

            typer.echo(encode_document(result), nl=False)
        else:
            from runner.results.text import write_text

            write_text(result, sys.stdout, os.environ)


def _execute(
    strategy: str | None,
    config: Path | None,
    flags: Mapping[str, object],
    report: Path | None,
) -> tuple[RunResult, RunnerError | None]:
    import os

    from runner.app import execute
    from runner.app.logs import begin_json_lines, set_up_logs
    from runner.app.supervising import is_to_be_supervised, supervise
    from runner.config.load import load_config
    from runner.errors import UsageError
    from runner.transports.stop import outlive_terminal

    if (flags["log.format"] or os.environ.get("RUNNER_LOG__FORMAT")) == "json":
        begin_json_lines()
    if strategy is not None and strategy.endswith((".yaml", ".yml")):
        if config is not None:
            raise UsageError(
                f"two configuration files: {strategy} and --config {config}",
                fix="name the strategy itself, or only one file",
                id="E201",
            )
        config, strategy = Path(strategy), None
    loaded = load_config(
        config, flags={**flags, "strategy": strategy}, environ=os.environ, cwd=Path.cwd()
    )
    if loaded.config.headless:
        outlive_terminal()
    link = None
    if is_to_be_supervised(loaded.config):
        link = supervise(loaded.config, ["runner", *sys.argv[1:]])
    return execute(
        loaded,
        cwd=Path.cwd(),
        environ=os.environ,
        typed=sys.argv[1:],
        report=report,
        logs=set_up_logs(loaded.config),
        link=link,
    )
