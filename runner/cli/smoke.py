"""`runner smoke`: try a strategy on bad markets and over a bad wire, in a few seconds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.options import (
    ConfigOption,
    ParamOption,
    SettingsOption,
    StrategyArgument,
    SubscriptionOption,
    TrustOption,
)

if TYPE_CHECKING:
    from runner.app.smoke import Check


def smoke(
    strategy: StrategyArgument = None,
    config: ConfigOption = None,
    param: ParamOption = None,
    subscription: SubscriptionOption = None,
    settings: SettingsOption = None,
    trust: TrustOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the outcome as one JSON document.")
    ] = False,
) -> None:
    """Try a strategy on gaps, refusals, partial fills and a wire that breaks. Exits 8 if one fails.

    Says nothing of its profit: only whether it survives, and whether it does the same over a wire
    that repeats frames and breaks as it does in process.
    """
    import logging
    import os

    from runner.app.smoke import Smoke
    from runner.config.load import load_config
    from runner.errors import GateFailed

    if strategy is not None and strategy.endswith((".yaml", ".yml")) and config is None:
        config, strategy = Path(strategy), None
    flags = {
        "strategy": strategy,
        "params": param,
        "subscriptions": subscription,
        "set": settings,
        "trust": True if trust else None,
        "runtime": "embedded",
    }
    loaded = load_config(config, flags=flags, environ=os.environ, cwd=Path.cwd())
    logging.basicConfig(level=logging.ERROR)  # connections that break are no news here
    trial = Smoke(loaded.config, Path.cwd())
    checks = []
    for check in trial.checks():
        checks.append(check)
        if not as_json:
            _show(check)
    if as_json:
        _print_document(checks)
    failed = [check for check in checks if not check.passed]
    if failed:
        raise GateFailed(
            f"{len(failed)} of {len(checks)} scenarios failed",
            why="; ".join(f"{one.scenario}: {one.error.what}" for one in failed if one.error),
            fix="run it again with --json for all there is to know",
            id="E803",
        )


def _show(check: Check) -> None:
    from runner.cli.errors import user_frames

    typer.echo(f"{'ok' if check.passed else 'FAILED':<8}{check.scenario:<34}{check.said}")
    if check.warning:
        typer.echo(f"{'':<8}warning: {check.warning}")
    if check.error is not None:
        for line in (*user_frames(check.error), *check.error.lines()):
            typer.echo(f"{'':<8}{line}")


def _print_document(checks: list[Check]) -> None:
    import json

    document = {
        "schema": "runner.smoke/1",
        "passed": all(check.passed for check in checks),
        "scenarios": [
            {
                "scenario": check.scenario,
                "passed": check.passed,
                "said": check.said,
                "warning": check.warning,
                "error": None
                if check.error is None
                else {"id": check.error.id, "lines": check.error.lines()},
            }
            for check in checks
        ],
    }
    json.dump(document, sys.stdout, indent=2)
    typer.echo()
