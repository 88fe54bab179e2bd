"""The report as one HTML page that needs nothing else: no network, no server, no second file.

Text of others reaches the page escaped, or packed as data that its script sets as text. The page's
own policy forbids it to fetch anything. May import this room, the protocol and plotly, whose
script is written into the page.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import msgspec

from runner.errors import UsageError
from runner.protocol.times import iso_ms
from runner.report import analysis, figures
from runner.report.facts import Execution, ReportFacts

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COLUMNS = (
    ("number", "#", ""),
    ("time", "Time (UTC)", "left"),
    ("symbol", "Symbol", "left"),
    ("side", "Side", "left"),
    ("quantity", "Quantity", ""),
    ("price", "Price", ""),
    ("commission", "Commission", ""),
    ("profit", "Profit", ""),
    ("reason", "Reason", "left"),
)


def render_page(facts: ReportFacts) -> str:
    """Return the report as a page.

    Raises:
        UsageError: E222, plotly is not installed.
    """
    plotly = _plotly()
    document = facts.document
    starting = float(document["statistics"]["starting_equity"])
    charts, symbols = _charts(facts, starting), _symbols(facts)
    data = {
        "charts": {name: one for name, one in charts.items() if one is not None},
        "symbols": [
            figures.candle_figure(
                symbol,
                facts.candles.get(symbol),
                [one for one in facts.executions if one.symbol == symbol],
            )
            for symbol in symbols
        ],
        **_table(facts.executions),
    }
    body = [
        _header(facts),
        _tiles(document),
        _notices(document),
        _section("Equity", _equity(charts["equity"])),
        _section("Returns by month", _months(facts, starting)),
        _halves(charts),
        _section("Prices and trades", _prices(facts, symbols)),
        _section(f"Trades ({len(facts.executions):,})", _trades(facts)),
        _section("Settings", _settings(facts)),
        f'<footer class="faint">runner {escape(str(document["version"]))}. Times are UTC. '
        "Returns by day and month follow the equity curve.</footer>",
    ]
    room = files("runner.report")
    return Template((room / "page.html").read_text("utf-8")).substitute(
        title=escape(f"{document['strategy']['name']} - report"),
        style=(room / "page.css").read_text("utf-8"),
        body="\n".join(filter(None, body)),
        data=_packed(data),
        plotly=plotly,
        script=(room / "page.js").read_text("utf-8"),
    )


def check_library() -> None:
    """Find out whether pages can be made.

    Raises:
        UsageError: E222, plotly is not installed.
    """
    from importlib.util import find_spec

    if find_spec("plotly") is None:
        raise UsageError(
            "the report needs a library that is not installed",
            why="its charts are drawn by plotly",
            fix="pip install 'strategy-runner[report]', or take --format markdown",
            id="E222",
        )


def _plotly() -> str:
    check_library()
    from plotly.offline import get_plotlyjs

    script: str = get_plotlyjs()
    return script.replace("</script", "<\\/script")


def _packed(data: Mapping[str, Any]) -> str:
    # Without the time of packing: the same run gives the same page.
    return base64.b64encode(gzip.compress(msgspec.json.encode(data), 6, mtime=0)).decode()


def _charts(facts: ReportFacts, starting: float) -> dict[str, figures.Figure | None]:
    days, closes = analysis.day_closes(facts.times, facts.equities)
    results = [float(one.realized_pnl) for one in facts.executions if one.realized_pnl is not None]
    return {
        "equity": figures.equity_figure(facts, starting),
        "rolling": figures.rolling_figure(days, closes),
        "returns": figures.histogram_figure(
            analysis.day_returns(closes), "return of a day", percent=True
        ),
        "results": figures.histogram_figure(results, "profit of a closing trade", percent=False),
    }


def _symbols(facts: ReportFacts) -> list[str]:
    traded = (one.symbol for one in facts.executions)
    return list(dict.fromkeys([*facts.candles, *traded]))


def _table(executions: Iterable[Execution]) -> dict[str, Any]:
    names: dict[str, int] = {}

    def named(text: str) -> int:
        return names.setdefault(text, len(names))

    rows = list(executions)
    columns = {
        "time": [one.time for one in rows],
        "symbol": [named(one.symbol) for one in rows],
        "side": [named(one.side) for one in rows],
        "quantity": [one.quantity for one in rows],
        "price": [one.price for one in rows],
        "commission": [one.commission for one in rows],
        "profit": [None if one.realized_pnl is None else float(one.realized_pnl) for one in rows],
        "reason": [named(one.reason) for one in rows],
    }
    return {"trades": columns, "names": list(names)}


# Sections


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{content}</section>" if content else ""


def _header(facts: ReportFacts) -> str:
    document = facts.document
    params = ", ".join(f"{name}={one}" for name, one in document["strategy"]["params"].items())
    data = document["data"]
    parts = [", ".join(data["symbols"]), ", ".join(data["timeframes"])]
    if facts.times:
        parts.append(f"{iso_ms(facts.times[0])[:10]} to {iso_ms(facts.times[-1])[:10]}")
    parts += [f"{data['events']:,} events", data["source"], document["runtime"]["name"]]
    said = " · ".join(filter(None, parts))
    return (
        f"<header><h1>{escape(document['strategy']['name'])}</h1>"
        f'<span class="faint">{escape(params)}</span>'
        '<button id="theme" type="button">dark / light</button></header>\n'
        f'<p class="faint">{escape(said)}</p>'
    )


def _tiles(document: Mapping[str, Any]) -> str:
    one, currency = document["statistics"], document["statistics"]["currency"]
    tiles = [
        ("Final equity", f"{_money(one['final_equity'])} {currency}"),
        ("Return", _percent(one["total_return"], signed=True)),
        ("Buy and hold", _percent(one["buy_and_hold"], signed=True)),
        ("Return a year", _percent(one["annual_return"], signed=True)),
        ("Maximum drawdown", _percent(one["maximum_drawdown"])),
        ("Volatility a year", _percent(one["annual_volatility"])),
        ("Sharpe ratio", _ratio(one["sharpe"])),
        ("Sortino ratio", _ratio(one["sortino"])),
        ("Time in the market", _percent(one["exposure"])),
        ("Trades", f"{one['executions']:,}"),
        ("Win rate", _percent(one["win_rate"])),
        ("Profit factor", _ratio(one["profit_factor"])),
        ("Commission", _money(one["commission"])),
    ]
    made = "".join(
        f'<div class="tile"><span class="faint">{escape(label)}</span><b>{escape(value)}</b></div>'
        for label, value in tiles
    )
    return f'<div class="tiles">{made}</div>'


def _notices(document: Mapping[str, Any]) -> str:
    said = []
    if document["error"] is not None:
        said.append(f"{document['error']['id']}: {document['error']['what']}")
    said += [f"{one['count']:,} rejected: {one['reason']}" for one in document["rejections"]]
    said += [*document["warnings"], *document["no_trades"]]
    return "".join(f'<p class="notice">{escape(one)}</p>' for one in said)


def _equity(figure: figures.Figure | None) -> str:
    if figure is None:
        return ""
    return (
        '<div class="bar"><label><input id="scale" type="checkbox"> logarithmic</label></div>'
        '<div id="equity" class="chart"></div>'
    )


def _months(facts: ReportFacts, starting: float) -> str:
    months = analysis.monthly_returns(facts.times, facts.equities, starting)
    if not months:
        return ""
    years = analysis.yearly_returns(months)
    by_month = {(one.year, one.month): one.change for one in months}
    head = "".join(f"<th>{name}</th>" for name in (*MONTHS, "Year"))
    rows = []
    for year, total in years.items():
        cells = [_shaded(by_month.get((year, month))) for month in range(1, 13)]
        rows.append(f'<tr><th class="left">{year}</th>{"".join(cells)}{_shaded(total)}</tr>')
    return (
        '<div class="scroll"><table class="months"><thead><tr><th class="left"></th>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _shaded(change: float | None) -> str:
    if change is None:
        return "<td></td>"
    # Full colour at ten percent; the sign tells the direction without it.
    strength = min(abs(change) / 0.1, 1) * 0.45
    color = f"rgba({'47,158,119' if change >= 0 else '220,90,78'},{strength:.2f})"
    return f'<td style="background:{color}">{change * 100:+.1f}</td>'


def _halves(charts: Mapping[str, figures.Figure | None]) -> str:
    titles = {
        "rolling": f"Sharpe ratio over {analysis.WINDOW} days",
        "returns": "Days",
        "results": "Closing trades",
    }
    made = [
        f'<section><h2>{title}</h2><div id="{name}" class="chart"></div></section>'
        for name, title in titles.items()
        if charts[name] is not None
    ]
    return f'<div class="halves">{"".join(made)}</div>' if made else ""


def _prices(facts: ReportFacts, symbols: list[str]) -> str:
    if not symbols:
        return ""
    options = "".join(f"<option>{escape(one)}</option>" for one in symbols)
    notes = []
    if not facts.candles:
        notes.append("The prices of this run are not on this machine: only its trades are drawn.")
    joined = [name for name, one in facts.candles.items() if len(one.times) > figures.MAX_CANDLES]
    if joined:
        notes.append(f"Neighbouring candles are joined for {', '.join(joined)}.")
    if len(facts.executions) > figures.MAX_MARKS:
        notes.append(f"The latest {figures.MAX_MARKS:,} trades of a symbol are marked.")
    said = "".join(f'<p class="faint">{escape(one)}</p>' for one in notes)
    return (
        f'<div class="bar"><label>Symbol <select id="symbol">{options}</select></label></div>'
        f'<div id="candles" class="chart"></div>{said}'
    )


def _trades(facts: ReportFacts) -> str:
    if not facts.executions:
        return '<p class="faint">There were none.</p>'
    head = "".join(
        f'<th data-name="{name}" class="{place}" aria-sort="none">{label}</th>'
        for name, label, place in _COLUMNS
    )
    return (
        '<div class="bar"><input id="search" type="search" placeholder="symbol, side, reason, time"'
        ' aria-label="search"> <button id="earlier" type="button">earlier</button>'
        '<span id="shown"></span><button id="later" type="button">later</button></div>'
        f'<div class="scroll"><table id="trades"><thead><tr>{head}</tr></thead><tbody></tbody>'
        "</table></div>"
    )


def _settings(facts: ReportFacts) -> str:
    document = facts.document
    said = document["conventions"]
    rows = {
        "Strategy": document["strategy"]["source"],
        "Fills": said["fills"],
        "Costs": said["costs"],
        "Account": said["account"],
        "Peers": ", ".join(document["runtime"]["peers"]),
        **facts.about,
    }
    listed = "".join(
        f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in rows.items() if text
    )
    return f"<dl>{listed}</dl>"


def _money(value: Any) -> str:
    return "-" if value is None else f"{float(value):z,.2f}"


def _percent(value: float | None, *, signed: bool = False) -> str:
    return "-" if value is None else f"{value * 100:{'+' if signed else ''}z,.2f} %"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:z,.2f}"
