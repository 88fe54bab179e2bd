"""What NewStrategy does, on candles made for the occasion. Run it with: pytest"""

RANGE = "to 110 in 2, to 90 in 4, to 105 in 4, to 100 in 2, "


def test_it_buys_a_rise_above_the_range(backtest, candles):
    result = backtest("new_strategy.py", candles(RANGE + "to 120 in 4"), entry=10, exit=5)

    assert [one.side for one in result.trades] == ["BUY"]
    assert result.reasons[0] == "breakout"


def test_it_sells_a_fall_below_the_range(backtest, candles):
    market = candles(RANGE + "to 120 in 4, to 80 in 8")

    result = backtest("new_strategy.py", market, entry=10, exit=5)

    assert [one.side for one in result.trades] == ["BUY", "SELL"]


def test_it_waits_within_the_range(backtest, candles):
    result = backtest("new_strategy.py", candles(RANGE), entry=10, exit=5)

    assert result.reasons == ["breakout"]
    assert result.trades == []
