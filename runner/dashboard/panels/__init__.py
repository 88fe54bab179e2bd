"""The panes, one a file; each a pure function from a snapshot and a size to lines.

May import the formats, the charts and rich's text; never a session, a terminal or a clock.
"""

from runner.dashboard.panels.equity import EQUITY
from runner.dashboard.panels.log import LOG
from runner.dashboard.panels.orders import ORDERS
from runner.dashboard.panels.positions import POSITIONS
from runner.dashboard.panels.strategy import STRATEGY
from runner.dashboard.panels.wire import WIRE

PANES = (EQUITY, POSITIONS, ORDERS, STRATEGY, LOG, WIRE)
"""In the order of their rank: the last one yields first."""

__all__ = ["EQUITY", "LOG", "ORDERS", "PANES", "POSITIONS", "STRATEGY", "WIRE"]
