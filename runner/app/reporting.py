"""From a run that has ended to its report, in the form that the name of the file asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.app.market import prices_of
from runner.config.models import RunConfig
from runner.errors import MachineError, RunnerError, UsageError
from runner.results.facts import RunResult
from runner.secrecy import concealed

if TYPE_CHECKING:
    from runner.engine.series import Series
    from runner.records.reading import Record
    from runner.report.facts import ReportFacts

FORMS = (".html", ".md", ".txt")


def check_report(path: Path) -> None:
    """Find out before a run whether its report can be written.

    Raises:
        UsageError: E223, nobody knows the form; E222, the library for it is not installed.
        MachineError: E1030, it cannot be written there.
    """
    if path.suffix.lower() not in FORMS:
        raise UsageError(
            f"the form of the report cannot be told: {path}",
            why=f"its name ends in one of {', '.join(FORMS)}",
            fix="name it like report.html",
            id="E223",
        )
    if path.suffix.lower() == ".html":
        from runner.report.page import check_library

        check_library()
    try:
        with path.open("ab"):
            pass
    except OSError as error:
        raise unwritable(path, error) from None


def write_report(path: Path, text: str) -> None:
    """Write a report.

    Raises:
        MachineError: E1030, it cannot be written there.
    """
    try:
        path.write_text(concealed(text), encoding="utf-8", errors="replace")
    except OSError as error:
        raise unwritable(path, error) from None


def render_result(result: RunResult, form: str, config: RunConfig, cwd: Path) -> str:
    """Return the report of a run that has just ended.

    Args:
        result: what came of it.
        form: one of `FORMS`.
        config: what it ran with; says where its prices are.
        cwd: where a relative path to them starts.
    """
    if form == ".txt":
        from runner.results.text import render_text

        return render_text(result) + "\n"
    if form == ".md":
        from runner.results.document import to_summary
        from runner.results.markdown import markdown_of

        return markdown_of(to_summary(result))
    from runner.report.gathering import facts_of_run

    return render_facts(facts_of_run(result, prices_of(config, result.data.symbols, cwd)))


def render_record(record: Record, form: str, cwd: Path) -> tuple[str, str]:
    """Return the report of a run that was kept, and what is missing in it, in words.

    Args:
        record: the run.
        form: `.html` or `.md`.
        cwd: where a relative path to its prices starts.

    Raises:
        ConfigError: E399, it has no result.
        UsageError: E222, the library for pages is not installed.
    """
    from runner.report.gathering import facts_of_record

    series, missing = _prices_again(record, cwd)
    facts = facts_of_record(record, series)
    if form == ".md":
        from runner.results.markdown import markdown_of

        return markdown_of(facts.document), ""
    return render_facts(facts), missing


def _prices_again(record: Record, cwd: Path) -> tuple[list[Series], str]:
    # The settings as they were; the data may have changed, or gone, since.
    values: dict[str, Any] = {"runtime": record.begin.runtime, "data": {}}
    for one in record.begin.settings:
        section, _, name = one.key.partition(".")
        if section == "data" and one.value is not None:
            values["data"][name] = one.value
    try:
        return prices_of(RunConfig(layers=[values]), record.begin.symbols, cwd), ""
    except (RunnerError, ValueError) as error:
        what = error.what if isinstance(error, RunnerError) else str(error)
        return [], f"its prices cannot be read again, so only trades are drawn: {what}"


def render_facts(facts: ReportFacts) -> str:
    """Return the report as a page."""
    from runner.report.page import render_page

    return render_page(facts)


def unwritable(path: Path, error: OSError) -> MachineError:
    """Return the error that says so."""
    return MachineError(
        f"the report cannot be written: {(error.strerror or str(error)).lower()}",
        where=str(path),
        fix="name a file in a directory that exists and can be written to",
        id="E1030",
    )
