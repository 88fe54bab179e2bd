"""Errors of the program itself (exit code 1) and of the command line (exit code 2)."""

from __future__ import annotations

from runner.explained.entry import Entry

ENTRIES = (
    Entry(
        "E100",
        "An internal error",
        means=(
            "The program met something that it did not foresee. This is a defect of runner, "
            "not of your strategy; the traceback above the message belongs in the report."
        ),
        causes=(
            "a defect of runner",
            "a library in a release that runner was not tried with",
        ),
        fixes=(
            "report it with the traceback, the command you typed and the output of runner doctor",
            "run again with -v to see what came before",
        ),
        example="any command that ends with a traceback of runner's own files",
    ),
    Entry(
        "E200",
        "The command line is wrong",
        means="An argument or option cannot be used as it was given. Nothing was run.",
        causes=("a misspelt option, or a value in the wrong place",),
        fixes=("ask the command itself: runner COMMAND --help",),
        example="runner run strategies/sma_cross.py --speeed 5",
    ),
    Entry(
        "E201",
        "Two configuration files",
        means=(
            "The run was given one file as its argument and another with --config, and they "
            "may contradict each other."
        ),
        causes=("a YAML file in the place of the strategy, together with --config",),
        fixes=("name the strategy itself, or only one of the files",),
        example="runner run configs/embedded.yaml -c configs/engine.yaml",
    ),
    Entry(
        "E202",
        "No strategy is named",
        means="Neither the command line nor the configuration says which strategy to run.",
        causes=(
            "runner run without an argument",
            "a configuration file without the key strategy",
        ),
        fixes=(
            "name one: runner run strategies/sma_cross.py",
            "see which there are: runner strategies",
            "make one: runner new my_strategy.py",
        ),
        example="runner run",
    ),
    Entry(
        "E222",
        "The report needs a library",
        means="The charts of a report are drawn by plotly, which is an extra and not installed.",
        causes=("runner was installed without the extra report",),
        fixes=("pip install 'strategy-runner[report]'", "take a report without charts: report.md"),
        example="runner run strategies/sma_cross.py --report report.html",
    ),
    Entry(
        "E223",
        "The form of a report cannot be told",
        means="The name of the file says what is written: .html, .md or .txt.",
        causes=("another ending, or none",),
        fixes=("name it like report.html",),
        example="runner run strategies/sma_cross.py --report report.pdf",
    ),
    Entry(
        "E224",
        "Only a page can be opened",
        means="runner report --open shows the page in a browser; text has nothing to open.",
        causes=("--open together with --format markdown or text",),
        fixes=("leave out one of them",),
        example="runner report last --format text --open",
    ),
    Entry(
        "E203",
        "The new data file has an unknown ending",
        means=(
            "The ending of the name says in which form candles are written, and this one is "
            "none of them."
        ),
        causes=("a misspelt ending, or none",),
        fixes=("write to a name that ends in .csv, .csv.gz, .csv.zst or .parquet",),
        example="runner data convert prices.csv prices.xlsx",
    ),
    Entry(
        "E204",
        "The file is already there",
        means="A file of that name exists, and files are replaced only on request.",
        causes=("the command was given before",),
        fixes=(
            "choose another name",
            "replace it with --force",
        ),
        example="runner data sample made_up.csv, twice",
    ),
    Entry(
        "E205",
        "An option of runner data cannot be read",
        means="The text of --timeframe or --columns does not have its form.",
        causes=(
            "a timeframe that does not exist, such as 7m",
            "a mapping without an equals sign",
        ),
        fixes=(
            "write a timeframe like 1m, 1h or 1d",
            "write columns like time=Date,open=Open",
        ),
        example="runner data sample made_up.csv --timeframe 7m",
    ),
    Entry(
        "E206",
        "There is no such error",
        means="runner explain was asked for an id that no error has.",
        causes=(
            "a slip of the finger",
            "an id of another version",
        ),
        fixes=(
            "see them all: runner explain",
            "copy the id from the message: it stands in brackets, error[E301]",
        ),
        example="runner explain E999",
    ),
    Entry(
        "E207",
        "A strategy's file cannot be called that",
        means="runner new takes all names from the file, and this one does not do.",
        causes=(
            "blanks, dots or letters outside of ASCII in the name",
            "an ending other than .py",
            "a name that begins with test_, which pytest would take for tests",
        ),
        fixes=("choose a name like my_strategy.py",),
        example="runner new 'my strategy.py'",
    ),
    Entry(
        "E210",
        "The candles of a test cannot be read",
        means=(
            "The text that describes candles has a part that is no movement, or leads to "
            "prices that cannot be."
        ),
        causes=(
            "a misspelt movement, or an amount without its form",
            "a price that falls to zero or below",
            "a gap with no candle after it",
        ),
        fixes=("write movements like flat 10, up 3, down 3 by 2%, gap -5%, at 50, to 120 in 10",),
        example='candles("upp 3")',
    ),
    Entry(
        "E211",
        "A backtest of a test cannot begin",
        means="The candles, the cash or a rate that a test passes to backtest cannot be used.",
        causes=(
            "something else in the place of candles",
            "cash that is no number above zero",
            "a rate without its unit",
        ),
        fixes=(
            "pass what candles(...) returns",
            "write rates like 5 bps or 0.05%",
        ),
        example='backtest(SmaCross, "flat 30")',
    ),
    Entry(
        "E220",
        "Parquet needs a file",
        means="A Parquet file is not text, so it is not written to stdout.",
        causes=("--format parquet without --output",),
        fixes=("name the file: --output trades.parquet",),
        example="runner runs export last --format parquet",
    ),
    Entry(
        "E221",
        "A parameter has no value",
        means="A parameter on the command line of replay is written as its name and its value.",
        causes=("a missing equals sign",),
        fixes=("write it like -p fast=5",),
        example="runner replay last -p fast",
    ),
    Entry(
        "E212",
        "A single run cannot be released",
        means=(
            "runner halt --release lets runs begin again in a whole directory; a single run that "
            "was halted has ended."
        ),
        causes=("an id beside --release",),
        fixes=("runner halt --release",),
        example="runner halt last --release",
    ),
)
