"""The report in a real browser: it draws, zooms, sorts and searches, and says nothing bad.

Needs Chromium (`apt-get install chromium`) and `playwright`; without them the tests skip.
"""

from __future__ import annotations

import random
import shutil
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.engine.data import open_data
from runner.report.facts import Candles, Execution, ReportFacts
from runner.report.gathering import facts_of_run
from runner.report.page import render_page
from runner.results.document import to_document
from tests.helpers import run_strategy
from tests.unit.results.strategies import InAndOut, result, result_of

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("plotly", reason="plotly is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WAIT = 30_000
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open a report from its file, without a network, and fail on anything the console says."""
    said: list[str] = []
    opened: list[Any] = []

    def opening(html: str, *, size: dict[str, int] = WIDE, scheme: str = "light") -> Any:
        file = tmp_path / "report.html"
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport=size, color_scheme=scheme, offline=True)
        page = context.new_page()
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready=true]", timeout=WAIT)
        opened.append(context)
        return page

    yield opening
    for context in opened:
        context.close()
    assert said == []


@pytest.fixture(scope="module")
def ten_years() -> str:
    """Return the report of thirteen years of daily candles of two symbols."""
    series = open_data("sample", ["S:AAPL", "S:MSFT"])
    made = result_of(run_strategy(InAndOut, series))
    return render_page(facts_of_run(made, series, {"Run": "a test"}))


def hostile() -> ReportFacts:
    """Return facts in which every text of others tries to become markup."""
    evil = '</script><script>throw "in"</script><img src=x onerror=alert(1)>'
    document = to_document(result())
    document["strategy"] |= {"name": evil, "params": {"x": evil}}
    document["warnings"] = [evil]
    document["data"] |= {"symbols": [evil], "source": evil}
    executions = [Execution(86_400_000, evil, "BUY", "1", "100", "0", None, evil)]
    times, equities = array("q", [0, 86_400_000]), array("d", [100.0, 101.0])
    return ReportFacts(document, times, equities, executions, {}, {evil: evil})


def drawn(page: Any, name: str) -> None:
    page.locator(f"#{name}").scroll_into_view_if_needed()
    page.wait_for_selector(f"#{name} .main-svg", timeout=WAIT)


def column(page: Any, place: int) -> list[str]:
    found: list[str] = page.locator(f"#trades tbody tr td:nth-child({place})").all_inner_texts()
    return found


def test_every_chart_is_drawn(open_page: Callable[..., Any], ten_years: str) -> None:
    page = open_page(ten_years)

    for name in ("equity", "rolling", "returns", "results", "candles"):
        drawn(page, name)

    assert page.locator("#candles .cartesianlayer .boxlayer path").count() > 3_000
    assert "Buy and hold" in (page.locator("#equity .legend").text_content() or "")


def test_a_chart_can_be_zoomed(open_page: Callable[..., Any], ten_years: str) -> None:
    page = open_page(ten_years)
    drawn(page, "equity")
    before = page.evaluate("document.getElementById('equity').layout.xaxis.range")
    box = page.locator("#equity .nsewdrag").first.bounding_box()

    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=8)
    page.mouse.up()

    page.wait_for_function(
        "before => document.getElementById('equity').layout.xaxis.range[0] > before[0]",
        arg=before,
        timeout=WAIT,
    )


def test_another_symbol_can_be_chosen(open_page: Callable[..., Any], ten_years: str) -> None:
    page = open_page(ten_years)
    drawn(page, "candles")

    page.select_option("#symbol", "S:MSFT")

    page.wait_for_function(
        "document.getElementById('candles').data[0].name === 'S:MSFT'", timeout=WAIT
    )


def test_trades_are_sorted_and_searched(open_page: Callable[..., Any], ten_years: str) -> None:
    page = open_page(ten_years)

    page.click("th[data-name=profit]")
    page.click("th[data-name=profit]")
    profits = [float(one.replace(",", "")) for one in column(page, 8) if one]
    page.fill("#search", "s:msft")

    assert profits == sorted(profits, reverse=True)
    assert profits[0] > 0
    assert set(column(page, 3)) == {"S:MSFT"}


def test_pages_of_trades_can_be_turned(open_page: Callable[..., Any], ten_years: str) -> None:
    page = open_page(ten_years)

    page.click("#later")

    assert column(page, 1)[0] == "51"
    assert page.locator("#shown").inner_text().startswith("51 to 100 of ")


@pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"]
)
def test_it_fits_the_window_in_both_themes(
    open_page: Callable[..., Any], ten_years: str, size: dict[str, int], scheme: str, tmp_path: Path
) -> None:
    page = open_page(ten_years, size=size, scheme=scheme)
    drawn(page, "equity")

    picture = page.screenshot(path=tmp_path / "page.png", full_page=True)

    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert len(picture) > 50_000


def test_the_theme_can_be_turned(open_page: Callable[..., Any], ten_years: str) -> None:
    page = open_page(ten_years)

    page.click("#theme")

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_words_of_others_stay_words(open_page: Callable[..., Any]) -> None:
    page = open_page(render_page(hostile()))
    drawn(page, "candles")

    assert "<img src=x" in page.locator("h1").inner_text()
    assert page.locator("img").count() == 0


def test_a_hundred_thousand_trades_are_a_page_below_ten_megabytes(
    open_page: Callable[..., Any],
) -> None:
    dice, minute = random.Random(1), 60_000
    times = array("q", range(0, 200_000 * minute, minute))
    equities = array("d", (100_000 + dice.gauss(0, 500) for _ in times))
    executions = [
        Execution(
            2 * at * minute, "S:AAPL", ("BUY", "SELL")[at % 2], str(dice.randrange(1, 500)),
            f"{dice.uniform(90, 110):.4f}", f"{dice.uniform(0, 1):.2f}",
            f"{dice.gauss(0, 50):.4f}" if at % 2 else None, f"rule {dice.randrange(50)}",
        )
        for at in range(100_000)
    ]  # fmt: skip
    prices = [dice.uniform(90, 110) for _ in times]
    candles = Candles("1m", times, prices, prices, prices, prices)
    facts = ReportFacts(to_document(result()), times, equities, executions, {"S:AAPL": candles})

    html = render_page(facts)
    page = open_page(html)
    drawn(page, "candles")

    assert len(html.encode()) < 10 * MEGABYTE
    assert page.locator("#shown").inner_text() == "1 to 50 of 100,000"
