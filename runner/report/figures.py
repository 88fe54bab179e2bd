"""The charts of a report, as plotly describes them: plain dictionaries of traces and layout.

Colours of paper, text and grid are left to the page, which knows whether it is dark. What a trace
means is told by its name and its symbol, never by its colour alone. May import this room only.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from runner.report import analysis
from runner.report.facts import Candles, Execution, ReportFacts

MAX_POINTS = 4_000
"""Most points of a curve that are drawn; the extremes of every part are among them."""
MAX_CANDLES = 5_000
"""Most candles that are drawn of a symbol; more are joined with their neighbours."""
MAX_MARKS = 2_000
"""Most executions that are marked in a chart, the latest ones."""
BLUE, GREY, RED, GREEN = "#3b82f6", "#8b95a5", "#dc5a4e", "#2f9e77"

Figure = dict[str, Any]


def equity_figure(facts: ReportFacts, starting: float) -> Figure | None:
    """Return equity beside buy-and-hold, and the drawdown below it; None without points."""
    times, equities = facts.times, facts.equities
    if not times:
        return None
    kept = analysis.telling_points(equities, MAX_POINTS)
    moments = [times[at] for at in kept]
    below = analysis.drawdowns(equities, starting)
    held = analysis.buy_and_hold(moments, facts.candles, starting)
    traces = [_line("Equity", moments, _rounded(equities[at] for at in kept), BLUE, width=2)]
    if held:
        traces.append(_line("Buy and hold", moments, _rounded(held), GREY, dash="dot"))
    fall = _line("Drawdown", moments, [round(below[at] * 100, 3) for at in kept], RED)
    fall |= {"yaxis": "y2", "fill": "tozeroy", "hovertemplate": "%{y:.2f} %<extra>Drawdown</extra>"}
    traces.append(fall)
    layout = {
        "hovermode": "x unified",
        "xaxis": {"type": "date", "anchor": "y2"},
        "yaxis": {"domain": [0.32, 1], "tickformat": ",.3~s"},
        "yaxis2": {"domain": [0, 0.24], "ticksuffix": " %"},
        "legend": {"orientation": "h", "y": 1.08},
    }
    return {"data": traces, "layout": layout}


def rolling_figure(days: array[int], closes: array[float]) -> Figure | None:
    """Return the rolling Sharpe ratio; None where the run is too short for one window."""
    moments, ratios = analysis.rolling_sharpe(days, closes)
    if not moments:
        return None
    kept = range(0, len(moments), max(1, len(moments) // MAX_POINTS))
    values = [None if (one := ratios[at]) is None else round(one, 3) for at in kept]
    trace = _line("Sharpe ratio", [moments[at] for at in kept], values, BLUE)
    return {
        "data": [trace],
        "layout": {"xaxis": {"type": "date"}, "yaxis": {"zeroline": True}, "showlegend": False},
    }


def histogram_figure(values: Sequence[float], title: str, *, percent: bool) -> Figure | None:
    """Return how often which value occurs, gains and losses apart; None for fewer than two."""
    bins = analysis.histogram(values)
    if bins is None:
        return None
    scale = 100 if percent else 1
    middles = [(a + b) / 2 * scale for a, b in zip(bins.edges, bins.edges[1:], strict=False)]
    width = (bins.edges[1] - bins.edges[0]) * scale
    trace = {
        "type": "bar",
        "x": [float(f"{one:.6g}") for one in middles],
        "y": bins.counts,
        "width": width or 1,
        "marker": {"color": [GREEN if one > 0 else RED for one in middles]},
        "hovertemplate": f"%{{x:.4g}}{' %' if percent else ''}: %{{y}}<extra></extra>",
    }
    return {
        "data": [trace],
        "layout": {
            "bargap": 0.02,
            "xaxis": {"ticksuffix": " %" if percent else "", "title": {"text": title}},
        },
    }


def candle_figure(symbol: str, candles: Candles | None, executions: Sequence[Execution]) -> Figure:
    """Return one symbol's candles with its executions marked, the latest `MAX_MARKS` of them."""
    traces: list[Figure] = []
    if candles is not None and candles.times:
        drawn = analysis.coarser(candles, MAX_CANDLES)
        traces.append(
            {
                "type": "candlestick",
                "name": symbol,
                "x": list(drawn.times),
                "open": list(drawn.opens),
                "high": list(drawn.highs),
                "low": list(drawn.lows),
                "close": list(drawn.closes),
                "increasing": {"line": {"color": GREEN, "width": 1}},
                "decreasing": {"line": {"color": RED, "width": 1}},
                "showlegend": False,
            }
        )
    shown = executions[-MAX_MARKS:]
    for side, mark, color in (("BUY", "triangle-up", BLUE), ("SELL", "triangle-down", "#d97706")):
        marks = [one for one in shown if one.side == side]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": side.capitalize(),
                "x": [one.time for one in marks],
                "y": [float(one.price) for one in marks],
                "text": [_hover(one) for one in marks],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"symbol": mark, "size": 10, "color": color, "line": {"width": 1}},
            }
        )
    return {
        "data": traces,
        "layout": {
            "xaxis": {"type": "date", "rangeslider": {"visible": False}},
            "yaxis": {"tickformat": ",.6~g"},
            "legend": {"orientation": "h", "y": 1.1},
        },
    }


def _hover(one: Execution) -> str:
    # Plotly reads a few tags in texts; what a strategy wrote is no tag.
    reason = one.reason.replace("&", "&amp;").replace("<", "&lt;")
    profit = "" if one.realized_pnl is None else f", profit {float(one.realized_pnl):,.2f}"
    return f"{one.side} {one.quantity} at {one.price}{profit}" + (f"<br>{reason}" if reason else "")


def _line(
    name: str,
    moments: Sequence[int],
    values: Sequence[float | None],
    color: str,
    *,
    width: int = 1,
    dash: str = "solid",
) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(moments),
        "y": list(values),
        "line": {"color": color, "width": width, "dash": dash},
        "hovertemplate": f"%{{y:,.2f}}<extra>{name}</extra>",
    }


def _rounded(values: Any) -> list[float]:
    return [round(one, 2) for one in values]
