"""What NewStrategy does, on candles made for the occasion. Run it with: pytest"""


def test_it_buys_when_the_fast_average_rises_above_the_slow_one(backtest, candles):
    result = backtest("new_strategy.py", candles("flat 30, up 10"), fast=3, slow=10)

    assert result.orders[0].side == "BUY"
    assert result.reasons == ["golden cross"]


def test_it_sells_when_the_fast_average_falls_below_the_slow_one(backtest, candles):
    result = backtest("new_strategy.py", candles("flat 30, up 10, down 20"), fast=3, slow=10)

    assert result.reasons == ["golden cross", "death cross"]
    assert result.is_flat


def test_it_stays_out_while_nothing_moves(backtest, candles):
    assert backtest("new_strategy.py", candles("flat 100")).orders == []
