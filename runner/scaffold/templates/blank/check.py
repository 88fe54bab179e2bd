"""What NewStrategy does, on candles made for the occasion. Run it with: pytest"""


def test_it_orders_nothing_yet(backtest, candles):
    # Candles from a few words: flat 10, up 3, down 3 by 2%, gap -5%, at 50, to 120 in 10.
    result = backtest("new_strategy.py", candles("flat 30, up 10, gap -5%, down 10"), length=5)

    assert result.orders == []
