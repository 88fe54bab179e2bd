"""Interest: what holding positions costs, for each calendar day they are held over.

Short positions pay for what they borrow on their value. Long positions pay for the money that
leverage lends, which is their value beyond the equity, each for its share of it. A year has 365
days. Amounts are those of the last marks, rounded to the step of the ledger.

Changes the ledger and queues what has been booked. May import the engine's own modules and the
protocol.
"""

from __future__ import annotations

from decimal import Decimal

from runner.engine.book import Book
from runner.engine.holding import COST_STEP
from runner.protocol.decimals import canonical
from runner.protocol.messages import AccountUpdate, Financing

DAYS_OF_A_YEAR = 365
_ZERO = Decimal(0)


def charge(book: Book, days: int) -> None:
    """Charge every open position for `days` days, and report it: by position, then the account."""
    interest, ledger = book.terms.interest, book.ledger
    values = [(one, one.quantity * ledger.mark(one.symbol)) for one in ledger.holdings.values()]
    long = sum((value for _, value in values if value > 0), _ZERO)
    lent = max(long - ledger.equity(), _ZERO)
    charged = False
    for holding, value in values:
        share = lent * value / long if value > 0 else -value
        yearly = share * (interest.financing if value > 0 else interest.borrow)
        amount = canonical(-(yearly * days / DAYS_OF_A_YEAR).quantize(COST_STEP))
        if amount:
            ledger.book_interest(amount)
            book.queue.append(Financing(holding.symbol, amount))
            charged = True
    if charged:
        book.queue.append(AccountUpdate("BALANCE_UPDATED", ledger.account()))


def may_charge(book: Book) -> bool:
    """Tell whether a day that passes may charge anything for the positions as they are.

    Judged without marks: whether money is lent for long positions does not depend on their price.
    """
    interest, ledger = book.terms.interest, book.ledger
    shorts = any(one.quantity < 0 for one in ledger.holdings.values())
    if shorts and (interest.borrow or interest.financing):
        return True
    cost = sum((one.cost for one in ledger.holdings.values()), _ZERO)
    return bool(interest.financing) and cost > ledger.balance
