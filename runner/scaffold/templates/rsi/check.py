"""What NewStrategy does, on candles made for the occasion. Run it with: pytest"""


def test_it_buys_what_has_fallen_too_far(backtest, candles):
    result = backtest("new_strategy.py", candles("flat 5, down 20, flat 1"), length=5, stop=0.5)

    assert result.orders[0].side == "BUY"
    assert result.orders[0].reason == "oversold"


def test_it_sells_when_the_market_has_recovered(backtest, candles):
    market = candles("flat 5, down 6, up 6")

    result = backtest("new_strategy.py", market, length=5, stop=0.5)

    assert "recovered" in result.reasons
    assert [one.side for one in result.trades] == ["BUY", "SELL"]


def test_it_gives_up_at_the_stop_loss(backtest, candles):
    result = backtest("new_strategy.py", candles("flat 5, down 6, gap -20%, flat 1"), length=5)

    assert [one.side for one in result.trades][:2] == ["BUY", "SELL"]
    assert result.profit < 0
