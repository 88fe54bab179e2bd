"""The facts of one run as plain values: everything any output says is read from here.

Frozen and without behaviour. Everything but `seconds`, `started` and the addresses of the peer
depends on the conversation alone, so that two runtimes that hold the same conversation give the
same result. May import the errors and the other plain values of this room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from runner.errors import RunnerError
from runner.results.conventions import Conventions
from runner.results.gates import GateFacts
from runner.results.statistics import Statistics


@dataclass(frozen=True, slots=True)
class StrategyFacts:
    """What ran."""

    name: str
    """Name of the class."""
    source: str
    """How the user named it: a path, `module:Class`, or an installed name."""
    params: Mapping[str, object] = field(default_factory=dict)
    sha256: str = ""
    """Of its file as it was loaded; empty where there is none."""
    text: bytes = field(default=b"", repr=False)
    """That file, for the record of the run."""
    modules: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """The author's other files that it imports, by their path relative to its folder."""


@dataclass(frozen=True, slots=True)
class DataFacts:
    """On which market data it was to run, as far as that is known beforehand."""

    source: str
    """For people: `bundled sample`, a path, or the address of the peer."""
    symbols: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ()
    """Empty where the peer decides; what arrived is then shown."""
    repairs: tuple[str, ...] = ()
    """What was repaired in the data before the run, as was asked for; one sentence each."""
    files: tuple[Path, ...] = ()
    """Where the prices were read from; empty where a peer has them."""


@dataclass(frozen=True, slots=True)
class RuntimeFacts:
    """Against what it ran."""

    name: str = "embedded"
    peers: tuple[str, ...] = ()
    """Addresses of the peer, without secrets; empty in process."""
    mode: str = ""
    """At a gateway: `live` (real money), `paper` or `dry` (no order left); empty elsewhere."""
    account: str = ""
    """At a gateway: platform and currency, as it reports them."""


@dataclass(frozen=True, slots=True)
class TradeFacts:
    """One execution."""

    id: str
    time: datetime
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    realized_pnl: Decimal | None
    """Before commission; None if it closed nothing."""
    reason: str
    order_id: str


@dataclass(frozen=True, slots=True)
class PositionFacts:
    """One position still open at the end."""

    symbol: str
    quantity: Decimal
    """Negative when short."""
    average_entry_price: Decimal
    last_price: float | None
    unrealized_pnl: float | None


@dataclass(frozen=True, slots=True)
class RejectionFacts:
    """All rejections for one reason."""

    reason: str
    count: int
    message: str
    """Of the first one."""


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """All notices of one code."""

    code: str
    count: int
    message: str
    """Of the first one."""


@dataclass(frozen=True, slots=True)
class EndingFacts:
    """How the run ended."""

    why: str
    """As `Ending.why`, or `failed`."""
    confirmed: bool
    exit_code: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """Everything there is to say about one run."""

    strategy: StrategyFacts
    runtime: RuntimeFacts
    data: DataFacts
    """With the symbols and timeframes that really arrived where none were stated."""
    events: int
    """Candles and quotes handled."""
    ending: EndingFacts
    error: RunnerError | None
    currency: str
    statistics: Statistics
    buy_and_hold: float | None
    """Mean return of the symbols from their first close to their last; None without candles."""
    trades: tuple[TradeFacts, ...]
    times: Sequence[int]
    """Starts of the time steps, Unix milliseconds; the curve's x values."""
    equities: Sequence[float]
    open_positions: tuple[PositionFacts, ...]
    orders: int
    """Orders of the run, whatever became of them."""
    working_orders: int
    """Orders that still work at the end."""
    rejections: tuple[RejectionFacts, ...]
    notices: tuple[NoticeFacts, ...]
    warnings: tuple[str, ...]
    no_trades: tuple[str, ...]
    """Why there probably were no trades; empty when there were some."""
    conventions: Conventions
    seconds: float
    """Real time the run took."""
    started: datetime | None
    next_command: str
    """What to type next; empty leaves it to the output."""
    gates: tuple[GateFacts, ...] = ()
    """What became of the conditions that were set; empty unless the run came to its end."""
    quotes: int = 0
    """Of the events, those that were quotes."""
    digest: str | None = None
    """Runs with the same digest give the same result; None where it is not known."""
    record: str = ""
    """Id of the record the run leaves; empty where it leaves none."""
