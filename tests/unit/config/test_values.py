"""Values that must stay what they are, and values that must be refused."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config.keys import all_keys, sections
from runner.config.load import load_config
from runner.config.problems import InvalidConfigError
from runner.engine.choices import FillAt, PositionMode, PricePath
from tests.unit.config.helpers import load, only_problem, problems

WORDS = """
    ON On on OFF off YES Yes yes NO No no Y y N n TRUE True true FALSE false NULL Null null
    0700 0005 007 0123 0o17 0x1F 0b11 1_000 1e3 1e5 12e03 1.5e3 .5 5. .inf .NaN +1 -1
    12:30:00 1:30 190:20:30.15 2024-01-02 2024-01-02T12:30:00Z = << BRK.B
"""
SCALARS = WORDS.split()


@pytest.mark.parametrize("scalar", SCALARS)
def test_C5_a_bare_scalar_stays_text_as_a_parameter(tmp_path: Path, scalar: str) -> None:
    loaded = load(tmp_path, f"params:\n  symbol: {scalar}\n")

    assert loaded.config.params == {"symbol": scalar}


@pytest.mark.parametrize("scalar", SCALARS)
def test_C5_a_bare_scalar_stays_text_as_a_symbol(tmp_path: Path, scalar: str) -> None:
    loaded = load(tmp_path, f"subscriptions:\n  - {scalar}:candle\n")

    assert [one.symbol for one in loaded.config.subscriptions] == [scalar]


def test_C5_the_table_has_forty_scalars() -> None:
    assert len(set(SCALARS)) >= 40


def test_C5_a_date_with_a_blank_reaches_the_range_unchanged(tmp_path: Path) -> None:
    data = load(tmp_path, "data: {from: 2024-01-02 12:30:00, to: 2024-01-03}\n").config.data

    assert data.start == datetime(2024, 1, 2, 12, 30, tzinfo=UTC)
    assert data.end == datetime(2024, 1, 3, 23, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize("word", ["yes", "on", "True", "1", "no", "off", "FALSE", "y", "0x1"])
def test_C5_only_true_and_false_are_switches(tmp_path: Path, word: str) -> None:
    assert only_problem(tmp_path, f"trust: {word}\n").what == f"must be true or false, was {word!r}"


@pytest.mark.parametrize("word", ["0700", "1:30", "0x10", "1e3", "5.0", "five", "٥", "1__0", "''"])
def test_C5_a_whole_number_is_never_guessed(tmp_path: Path, word: str) -> None:
    assert only_problem(tmp_path, f"max_events: {word}\n").what.startswith("must be a whole number")


# A slip of each kind: a letter dropped, doubled, replaced, and two swapped.
def slips(name: str) -> set[str]:
    middle = len(name) // 2
    swapped = name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :]
    return {
        name[:middle] + name[middle + 1 :],
        name[:middle] + name[middle] * 2 + name[middle + 1 :],
        name[:middle] + "z" + name[middle + 1 :],
        swapped,
    } - {name, "", *UNDECIDED}


UNDECIDED = ("seped", "sped")
"""As near to one key as to another: seed and speed."""
NAMES = sorted({*all_keys(), *(section for section in sections() if section)})


@pytest.mark.parametrize("path", NAMES, ids=".".join)
def test_C7_a_misspelt_key_is_refused_with_the_right_spelling(
    tmp_path: Path, path: tuple[str, ...]
) -> None:
    for slip in slips(path[-1]):
        tree: object = "x"
        for name in reversed((*path[:-1], slip)):
            tree = {name: tree}

        problem = only_problem(tmp_path, json.dumps(tree))

        assert problem.key == ".".join((*path[:-1], slip))
        assert problem.what == "is not a known key"
        assert problem.hint == f"did you mean {'.'.join(path)}?"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("maxEvents: 5", "did you mean max_events?"),
        ("max-events: 5", "did you mean max_events?"),
        ("cash: 5", "did you mean exchange.cash?"),
        ("engine: {url: x}", "did you mean engine.ws_url?"),
        (
            "gateway: {nothing_like_it: x}",
            "known here: url, api_key, directory, account, foreign, reconcile_every",
        ),
    ],
)
def test_C7_other_spellings_and_places_are_recognised(tmp_path: Path, text: str, hint: str) -> None:
    assert only_problem(tmp_path, text).hint == hint


def test_C7_an_unknown_variable_with_our_prefix_is_refused(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, env={"RUNNER_EXCHANGE__LEVRAGE": "2"})

    assert problem.where == "variable RUNNER_EXCHANGE__LEVRAGE"
    assert problem.hint == "did you mean RUNNER_EXCHANGE__LEVERAGE?"


def test_C7_variables_of_build_agents_are_not_ours(tmp_path: Path) -> None:
    env = {"RUNNER_OS": "Linux", "RUNNER_TEMP": "/tmp", "RUNNER_TRACKING_ID": "x", "RUNNERS": "3"}

    assert load(tmp_path, env=env).config == load(tmp_path).config


def test_C7_a_variable_for_a_whole_section_is_refused(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, env={"RUNNER_EXCHANGE": '{"cash": 5}'})

    assert problem.hint == "set them one by one, such as RUNNER_EXCHANGE__CASH"


LIMITS = [
    "exchange.cash",
    "exchange.leverage",
    "exchange.commission.per_unit",
    "connection.open_timeout",
    "connection.max_attempts",
    "connection.spin",
    "max_events",
    "timeout",
]


@pytest.mark.parametrize("key", [*LIMITS, "exchange.commission.rate"])
@pytest.mark.parametrize("word", [".nan", "nan", ".inf", "-.inf", "Infinity", "-1", "-0.5", "-5s"])
def test_C8_a_limit_that_is_not_a_limit_is_refused(tmp_path: Path, key: str, word: str) -> None:
    problem = only_problem(tmp_path, env={variable(key): word})

    assert problem.key == key
    assert repr(word) in problem.what


@pytest.mark.parametrize("key", ["exchange.cash", "exchange.leverage", "max_events", "timeout"])
def test_C8_a_zero_limit_is_refused_where_it_makes_no_sense(tmp_path: Path, key: str) -> None:
    assert only_problem(tmp_path, env={variable(key): "0"}).key == key


@given(st.floats())
def test_C8_cash_is_read_exactly_or_refused(number: float) -> None:
    environ = {"RUNNER_EXCHANGE__CASH": repr(number)}
    sensible = math.isfinite(number) and 1e-20 < number <= 10**15

    try:
        loaded = load_config(None, flags={}, environ=environ, cwd=Path("/nonexistent"))
    except InvalidConfigError:
        assert not sensible
    else:
        assert loaded.config.exchange.cash == Decimal(repr(number))
        assert number > 0


@pytest.mark.parametrize(
    ("word", "fraction"),
    [
        ("5 bps", "0.0005"),
        ("5bps", "0.0005"),
        ("0.05%", "0.0005"),
        ("0.05 %", "0.0005"),
        ("0 bps", "0"),
        (".5%", "0.005"),
        ("5%", "0.05"),
        ("0.1 bps", "0.00001"),
    ],
)
def test_C9_a_rate_with_its_unit_is_an_exact_fraction(
    tmp_path: Path, word: str, fraction: str
) -> None:
    config = load(tmp_path, f"exchange: {{commission: {{rate: {word}}}}}").config

    assert config.exchange.commission.rate == Decimal(fraction)


@pytest.mark.parametrize("word", ["5", "0.05", "0", "1e-3", "5.0"])
@pytest.mark.parametrize("key", ["commission", "slippage"])
def test_C9_a_rate_without_a_unit_is_refused(tmp_path: Path, key: str, word: str) -> None:
    problem = only_problem(tmp_path, f"exchange: {{{key}: {{rate: {word}}}}}")

    assert problem.what == f"needs a unit, was '{word}'"
    assert f"write {word} bps" in problem.hint
    assert f"{word}%" in problem.hint


def test_the_models_of_the_exchange_are_off_until_they_are_asked_for(tmp_path: Path) -> None:
    off = load(tmp_path).config.exchange
    on = load(
        tmp_path,
        "exchange:\n"
        "  volume_share: 10%\n"
        "  half_spread: 1 bps\n"
        "  commission: {rate: 5 bps, maker: 0 bps}\n"
        "  slippage: {range_share: 5%}\n",
    ).config.exchange

    assert (off.volume_share, off.half_spread, off.commission.maker) == (None, 0, None)
    assert (on.volume_share, on.half_spread) == (Decimal("0.1"), Decimal("0.0001"))
    assert (on.commission.maker, on.slippage.range_share) == (0, Decimal("0.05"))


def test_how_prices_move_inside_a_candle_and_when_orders_fill(tmp_path: Path) -> None:
    off = load(tmp_path, "").config.exchange
    on = load(
        tmp_path,
        "exchange: {price_path: olhc, fill_at: close, slippage: {volume_impact: 10%}}",
    ).config.exchange

    assert (off.price_path, off.fill_at, off.slippage.volume_impact) == (
        PricePath.WORST,
        FillAt.NEXT_OPEN,
        0,
    )
    assert (on.price_path, on.fill_at, on.slippage.volume_impact) == (
        PricePath.OLHC,
        FillAt.CLOSE,
        Decimal("0.1"),
    )


def test_positions_are_netted_unless_they_are_to_be_hedged(tmp_path: Path) -> None:
    off = load(tmp_path, "").config.exchange
    on = load(tmp_path, "exchange: {position_mode: hedging}").config.exchange

    assert (off.position_mode, on.position_mode) == (PositionMode.NETTING, PositionMode.HEDGING)


def test_the_margin_of_the_exchange_is_a_share_of_up_to_all(tmp_path: Path) -> None:
    off = load(tmp_path).config.exchange
    on = load(
        tmp_path,
        "exchange:\n"
        "  margin: {initial: 100%, maintenance: 25%, warning: 2}\n"
        "  borrow: 3%\n"
        "  financing: 5.5%\n",
    ).config.exchange

    assert (off.margin.initial, off.margin.maintenance) == (None, None)
    assert (off.borrow, off.financing) == (0, 0)
    assert (on.margin.initial, on.margin.maintenance) == (1, Decimal("0.25"))
    assert (on.margin.warning, on.borrow, on.financing) == (2, Decimal("0.03"), Decimal("0.055"))


@pytest.mark.parametrize(
    ("exchange", "key", "what"),
    [
        pytest.param(
            "leverage: 4, margin: {initial: 50%}",
            "exchange.margin.initial",
            "must be 25%, 1 / exchange.leverage, was 50%",
            id="another leverage",
        ),
        pytest.param(
            "leverage: 3, margin: {maintenance: 33.4%}",
            "exchange.margin.maintenance",
            "must be at most the initial margin (33.3333%), was 33.4%",
            id="above what leverage requires",
        ),
        pytest.param(
            "margin: {initial: 20%, maintenance: 25%}",
            "exchange.margin.maintenance",
            "must be at most the initial margin (20%), was 25%",
            id="above initial",
        ),
        pytest.param(
            "margin: {maintenance: 0%}",
            "exchange.margin.maintenance",
            "must be more than 0, was '0%'",
            id="nothing",
        ),
        pytest.param(
            "margin: {initial: 101%}",
            "exchange.margin.initial",
            "must be at most 100%, was '101%'",
            id="more than all",
        ),
        pytest.param(
            "margin: {warning: 0.9}",
            "exchange.margin.warning",
            "must be at least 1, was '0.9'",
            id="a warning after the call",
        ),
        pytest.param("borrow: 3", "exchange.borrow", "needs a unit, was '3'", id="no unit"),
    ],
)
def test_margins_that_contradict_each_other_are_refused(
    tmp_path: Path, exchange: str, key: str, what: str
) -> None:
    problem = only_problem(tmp_path, f"exchange: {{{exchange}}}")

    assert (problem.key, problem.what) == (key, what)


@pytest.mark.parametrize("margin", ["{initial: 33.3%}", "{initial: 33.34%, maintenance: 30%}"])
def test_a_leverage_may_stand_beside_the_margin_that_it_is(tmp_path: Path, margin: str) -> None:
    assert load(tmp_path, f"exchange: {{leverage: 3, margin: {margin}}}").config


def test_a_volume_share_of_nothing_is_refused(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, "exchange: {volume_share: 0%}")

    assert problem.what == "must be more than 0, was '0%'"
    assert problem.hint == "remove the key to turn it off"


@pytest.mark.parametrize("word", ["100%", "10000 bps", "5 percent", "5 bp s", "% 5", "five bps"])
def test_C9_a_rate_that_is_no_rate_is_refused(tmp_path: Path, word: str) -> None:
    problem = only_problem(tmp_path, f"exchange: {{slippage: {{rate: '{word}'}}}}")

    assert problem.key == "exchange.slippage.rate"


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("10", 10.0),
        ("0.5", 0.5),
        ("250ms", 0.25),
        ("2ms", 0.002),
        ("30s", 30.0),
        ("5m", 300.0),
        ("1h", 3600.0),
        ("1.5 s", 1.5),
    ],
)
def test_a_duration_is_seconds(tmp_path: Path, word: str, seconds: float) -> None:
    assert load(tmp_path, f"timeout: {word}").config.timeout == seconds


@pytest.mark.parametrize("word", ["1 d", "5 min", "1:30", "10 s s", "1e1s", "s", "99999h", "0.5us"])
def test_a_duration_that_is_none_is_refused(tmp_path: Path, word: str) -> None:
    assert only_problem(tmp_path, f"timeout: '{word}'").key == "timeout"


@pytest.mark.parametrize(
    ("word", "seconds"), [("0", 0), ("0ms", 0), ("0s", 0), ("50us", 0.00005), ("1us", 0.000001)]
)
def test_spinning_takes_microseconds_or_is_turned_off(
    tmp_path: Path, word: str, seconds: float
) -> None:
    assert load(tmp_path, f"connection: {{spin: {word}}}").config.connection.spin == seconds


@pytest.mark.parametrize(
    "word", ["2024-02-30", "2024-1-2", "20240102", "01/02/2024", "2024-W01", "now", "1704153600"]
)
def test_a_moment_that_is_not_in_the_calendar_is_refused(tmp_path: Path, word: str) -> None:
    assert only_problem(tmp_path, f"data: {{from: {word}}}").key == "data.from"


def test_a_range_in_the_wrong_order_is_refused_at_its_start(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, "data:\n  from: 2024-02-01\n  to: 2024-01-31\n")

    assert (problem.where, problem.key) == ("c.yaml:2:9", "data.from")


def test_a_range_of_one_day_is_a_range(tmp_path: Path) -> None:
    data = load(tmp_path, "data: {from: 2024-02-01, to: 2024-02-01}").config.data

    assert data.start is not None
    assert data.end is not None
    assert data.start < data.end


def test_a_moment_with_a_zone_is_converted_to_utc(tmp_path: Path) -> None:
    data = load(tmp_path, "data: {from: '2024-02-01T09:30:00-05:00'}").config.data

    assert data.start == datetime(2024, 2, 1, 14, 30, tzinfo=UTC)


def test_every_problem_is_reported_in_one_go_in_reading_order(tmp_path: Path) -> None:
    text = "ui: loud\ndata:\n  pth: x\n  timeframe: 7m\nexchange: {cash: 0, leverage: 0.5}\n"
    env = {"RUNNER_TIMEOUT": "x", "ENGINE_WS_URL": "x", "RUNNER_NONE": "1"}

    found = problems(
        tmp_path, text, env=env, dotenv="oops\nRUNNER_TRUST=?\n", flags={"max_events": 0}
    )

    assert [(one.line, one.column, one.key) for one in found if one.where.startswith("c.yaml")] == [
        (1, 5, "ui"),
        (3, 3, "data.pth"),
        (4, 14, "data.timeframe"),
        (5, 18, "exchange.cash"),
        (5, 31, "exchange.leverage"),
    ]
    assert {one.where for one in found if not one.where.startswith("c.yaml")} == {
        ".env:2:1",
        "flag --max-events",
        "variable ENGINE_WS_URL",
        "variable RUNNER_NONE",
        "variable RUNNER_TIMEOUT",
    }


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("exchange: 5", "must hold keys, was text"),
        ("exchange: [cash]", "must hold keys, was a list"),
        ("ui: [none]", "must be one value, was a list"),
        ("ui: {a: b}", "must be one value, was a mapping"),
        ("ui:", "must be one of auto, live, plain, json, none, was empty"),
        ("params: [fast]", "must be names with values, was a list"),
        ("params: {fast: [1]}", "must be one value, was a list"),
        ("params: {fast: }", "has no value"),
        ("params: {1x: 5}", "must be a name such as fast, was '1x'"),
        ("data: {path: ''}", "must not be empty"),
        ("exchange: {currency: dollars}", "must be a currency code such as USD, was 'dollars'"),
        ("runtime: engin", "must be one of embedded, engine, gateway, was 'engin'"),
    ],
)
def test_a_value_of_the_wrong_shape_is_refused(tmp_path: Path, text: str, what: str) -> None:
    assert only_problem(tmp_path, text).what == what


def test_an_empty_section_and_a_null_are_the_defaults(tmp_path: Path) -> None:
    text = "exchange:\nparams:\ndata: {from: null, timeframe: ~}\nstrategy:\nmax_events: null\n"

    assert load(tmp_path, text).config == load(tmp_path).config


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        (
            "backoff_initial: 31s",
            "backoff_initial",
            "must not be longer than connection.backoff_max (30s), was 31s",
        ),
        (
            "backoff_max: 250ms",
            "backoff_max",
            "must not be shorter than connection.backoff_initial (500ms), was 250ms",
        ),
    ],
    ids=["initial", "max"],
)
def test_a_backoff_that_cannot_grow_is_refused_where_it_is_written(
    tmp_path: Path, text: str, key: str, what: str
) -> None:
    problem = only_problem(tmp_path, f"connection: {{{text}}}")

    assert (problem.key, problem.what) == (f"connection.{key}", what)
    assert problem.where.startswith("c.yaml:1:")


def variable(key: str) -> str:
    return "RUNNER_" + key.upper().replace(".", "__")
