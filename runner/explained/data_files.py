"""Errors of data files (exit code 3)."""

from __future__ import annotations

from runner.explained.entry import Entry

ENTRIES = (
    Entry(
        "E350",
        "A data file is missing or invalid",
        means="The prices for the embedded engine cannot be used. Nothing was run.",
        causes=("a wrong path, or a damaged file",),
        fixes=("look into the file: runner data inspect FILE",),
        example="runner data inspect prices.csv",
    ),
    Entry(
        "E351",
        "The data file cannot be opened",
        means="There is no file at the path, it is a directory, or its permissions forbid reading.",
        causes=(
            "a typing slip; the message lists what lies beside it",
            "a directory in the place of a file",
        ),
        fixes=(
            "check the path",
            "name one file per symbol: --data 'prices/{symbol}.csv'",
        ),
        example="runner run s.py --data no/such.csv",
    ),
    Entry(
        "E352",
        "The file is not comma-separated text",
        means=(
            "Prices are read from UTF-8 text with commas between columns, and this file is "
            "something else."
        ),
        causes=(
            "semicolons or tabs between the columns, from a spreadsheet",
            "UTF-16, or a spreadsheet file that is only called .csv",
        ),
        fixes=("export it as CSV with commas and decimal points, UTF-8",),
        example="a first line like date;open;high;low;close",
    ),
    Entry(
        "E353",
        "The columns cannot be told",
        means=(
            "The header lacks a column that is needed, names one twice, or is missing; "
            "guessing could swap open and close."
        ),
        causes=(
            "a header in other words",
            "no header at all",
            "a mapping that names a column which is not there",
        ),
        fixes=(
            "say which is which: --columns time=Day,open=First",
            (
                "count the columns of a file without a header: --columns "
                "time=1,open=2,high=3,low=4,close=5"
            ),
        ),
        example="a first line like Day,First,Top,Bottom,Last",
    ),
    Entry(
        "E354",
        "A row cannot be read",
        means=(
            "The row is no row of comma-separated values: a quote is left open, or it holds "
            "bytes that no text has."
        ),
        causes=(
            "a damaged or cut-off download",
            "a quotation mark inside a cell",
        ),
        fixes=(
            "repair or remove the row that the message names",
            "get the file again",
        ),
        example='2024-01-02,"10,11,9,10',
    ),
    Entry(
        "E355",
        "A row breaks a rule of candles",
        means=(
            "A price or volume is no number or out of its range, or the high is not the "
            "highest and the low not the lowest."
        ),
        causes=(
            "a missing value",
            "columns that are mapped in the wrong order",
            "an adjusted close beside prices that are not adjusted",
        ),
        fixes=(
            "correct the row",
            "leave out a few on request: --skip-bad 5",
            "look at the file: runner data inspect FILE",
        ),
        example="2024-01-02,10,9,11,10",
    ),
    Entry(
        "E356",
        "A timestamp cannot be read",
        means="A time has no form that is known, or does not say in which zone it is.",
        causes=(
            "a local form such as 01/02/2024, which is two different days",
            "an ISO time without a zone",
        ),
        fixes=("export times as dates, ISO 8601 with a zone, or Unix seconds to nanoseconds",),
        example="01/02/2024,10,11,9,10",
    ),
    Entry(
        "E357",
        "Candles are out of order",
        means=(
            "A candle is not later than the one before it, or two start at one moment. "
            "Candles are replayed in the order of the file."
        ),
        causes=(
            "the newest row first, as some sites export",
            "two downloads put together",
        ),
        fixes=(
            "let --sort put them in order",
            "keep the last of several with --dedupe",
        ),
        example="runner run s.py --data newest_first.csv",
    ),
    Entry(
        "E358",
        "There are no candles",
        means="The data file is empty, or ends after its header.",
        causes=("a download that failed",),
        fixes=(
            "get the file again",
            "make one up to try things out: runner data sample made_up.csv",
        ),
        example="an empty prices.csv",
    ),
    Entry(
        "E359",
        "The timeframe cannot be told",
        means=(
            "The steps between the candles fit no timeframe, or not the one that was named. "
            "A wrong length would show candles before they have closed."
        ),
        causes=(
            "a single candle, or irregular ones",
            "data.timeframe that differs from the data",
        ),
        fixes=(
            "name the timeframe: data.timeframe, or RUNNER_DATA__TIMEFRAME=1d",
            "use other data",
        ),
        example="a file with one row",
    ),
    Entry(
        "E360",
        "No data for the symbol",
        means=(
            "The data does not have a symbol that was asked for, or a file and the number of"
            " symbols do not fit together."
        ),
        causes=(
            "a symbol that the bundled sample lacks: it has Apple, Google, IBM and Microsoft",
            "one file for several symbols",
        ),
        fixes=("give your own prices, one file per symbol: --data 'prices/{symbol}.csv'",),
        example="runner run s.py -s S:TSLA:candle",
    ),
    Entry(
        "E361",
        "No candle in the range",
        means="--from and --to leave nothing of the data.",
        causes=("a range after the end of the data; the bundled prices end in 2013",),
        fixes=("choose a range that overlaps the one in the message",),
        example="runner run s.py --from 2020-01-01",
    ),
    Entry(
        "E362",
        "The packed file needs a library, or is another kind",
        means=(
            "A .zst or .parquet file needs an extra that is not installed, or the file is "
            "not what its name says."
        ),
        causes=(
            "the extra is not installed",
            "a file that was renamed, not packed",
        ),
        fixes=(
            "pip install 'strategy-runner[parquet]' or 'strategy-runner[zstd]'",
            "pack the file with gzip",
            "see which extras are there: runner doctor",
        ),
        example="runner run s.py --data prices.parquet",
    ),
    Entry(
        "E363",
        "The packed file is damaged",
        means="It cannot be unpacked to its end, so prices would be missing or wrong.",
        causes=("a download that was cut off",),
        fixes=("get it again, or pack it anew",),
        example="runner data inspect cut_off.csv.gz",
    ),
    Entry(
        "E364",
        "The packed file is too large",
        means="It unpacks to far more than prices do; it may be made to fill the machine.",
        causes=("a file that is no price data",),
        fixes=("look at what is in it, and unpack it yourself if it is good",),
        example="runner data inspect bomb.csv.gz",
    ),
    Entry(
        "E365",
        "More bad rows than allowed",
        means="--skip-bad allows a number of rows to be left out, and the file has more.",
        causes=(
            "the columns are mapped in the wrong order",
            "a damaged file",
        ),
        fixes=(
            "look at the file: runner data inspect FILE",
            "allow more, if they may really be left out",
        ),
        example="runner run s.py --data bad.csv --skip-bad 1",
    ),
    Entry(
        "E366",
        "There is no such time zone",
        means="data.timezone, or --timezone, names a zone that this machine does not know.",
        causes=("a misspelt name, or an abbreviation such as EST", "no time zone database"),
        fixes=(
            "write it as the IANA database does: America/New_York",
            "install the database: pip install tzdata",
        ),
        example="runner run s.py --data prices.csv --timezone New_York",
    ),
    Entry(
        "E367",
        "The data file was changed while it was read",
        means="Its size or its time of change was another one after the reading than before.",
        causes=("a download, or a recorder, that still writes to it",),
        fixes=(
            "run again when it is complete",
            "have it written under another name and moved into place",
        ),
        example="runner run s.py --data still_growing.csv",
    ),
    Entry(
        "E368",
        "The file holds more than one symbol or timeframe",
        means="It has a column named symbol or timeframe, and not all of its rows say the same.",
        causes=("several symbols exported into one file",),
        fixes=(
            "give each a file of its own: --data prices/{symbol}/{timeframe}.csv",
            "rename the column, if it means something else",
        ),
        example="runner run s.py --data all_symbols.csv",
    ),
    Entry(
        "E369",
        "A candle lies across the end of a coarser one",
        means=(
            "A coarser candle is made of the finer ones that start in it. One of them ends after "
            "it, so that its prices would be shown too early or too late."
        ),
        causes=(
            "a time zone whose midnight is not where an hour of the data begins",
            "candles that do not start in step with the others",
        ),
        fixes=(
            "use data whose candles end with the coarser ones",
            "check data.timezone; unset, days begin at 00:00 UTC",
            "look for candles off the grid: runner data inspect FILE",
        ),
        example="runner run s.py --data hours.csv --timezone Asia/Kolkata -s S:AAPL:candle_1d",
    ),
)
