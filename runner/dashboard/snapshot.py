"""What the dashboard shows of a run at one moment: plain values that never change again.

Only these reach the panes. May import msgspec; never a session, a terminal or a clock.
"""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["starting", "running", "paused", "stopping"]
_GRAVEST = ("HALTED", "DISCONNECTED", "UNPROTECTED", "STALE")
LinkState = Literal["in process", "connecting", "connected", "reconnecting", "closed"]


class Facts(msgspec.Struct, frozen=True):
    """What holds for the whole run."""

    strategy: str
    params: tuple[tuple[str, str], ...] = ()
    runtime: str = "embedded"
    """`embedded`, `engine` or `gateway`; only at a gateway are orders real."""
    mode: str = ""
    """At a gateway: `live` (real money), `paper` or `dry` (no order leaves)."""
    account: str = ""
    """At a gateway: platform and currency, as it reports them."""
    peers: tuple[str, ...] = ()
    """Addresses of the peer, without secrets."""
    source: str = ""
    symbols: tuple[str, ...] = ()
    total: int | None = None
    """Candles that will come, where that is known."""
    stale_after_s: float | None = None
    """Silence after which the market data counts as stale; None never does."""
    ack_window_s: float | None = None
    """How long the peer waits for an acknowledgment, where that is known."""

    @property
    def is_live(self) -> bool:
        return self.runtime == "gateway"

    @property
    def label(self) -> str:
        """What stands above a run in real time: what becomes of its orders."""
        return {"paper": "PAPER", "dry": "DRY RUN"}.get(self.mode, "LIVE")


class Link(msgspec.Struct, frozen=True):
    """The connection to the peer."""

    state: LinkState = "in process"
    age_s: float | None = None
    """Seconds since the last event; None before the first."""
    attempts: int = 0
    """Failed attempts to connect, in a row."""
    reconnects: int = 0
    failure: str = ""
    """Why the last attempt failed."""
    queue: int = 0
    """Events that have arrived and wait for the strategy."""
    conflated: int = 0
    """Prices that newer ones replaced before the strategy took them."""
    acks: int = 0
    ack_ms: float | None = None
    """Time from an event's arrival to its acknowledgment, the mean of the latest."""
    ack_worst_ms: float = 0.0
    held_s: float | None = None
    """How long the acknowledgment has been held by a pause; None while nothing is held."""


class Trouble(msgspec.Struct, frozen=True):
    """Something that a person should look at."""

    word: str
    """In capitals."""
    said: str = ""
    is_loss_of_control: bool = True
    """Whether the run can no longer do what it is there for; never a losing trade."""


class Trading(msgspec.Struct, frozen=True):
    """What may be sent at present, by the limits of the run."""

    state: str = ""
    """`ACTIVE`, `REDUCING`, `HALTED` or `PAUSED`; empty where no limit holds the run."""
    reason: str = ""
    """Why it is not `ACTIVE`, apart from what `lost` says."""
    lost: tuple[Trouble, ...] = ()
    """What has been lost of the control over the run."""


class PositionRow(msgspec.Struct, frozen=True):
    """One open position."""

    symbol: str
    quantity: float
    """Signed: negative when short."""
    entry: float
    price: float | None
    unrealized: float | None
    stop: float | None = None
    """Nearest working stop order that closes it."""
    target: float | None = None
    """Nearest working limit order that closes it."""
    is_unprotected: bool = False
    """Whether it should have a stop, and has none."""


class OrderRow(msgspec.Struct, frozen=True):
    """One order, the latest of its states."""

    id: str
    symbol: str
    side: str
    quantity: float
    filled: float
    kind: str
    price: float | None
    """Its limit, else its stop, else what it was filled at."""
    status: str
    is_working: bool
    reason: str = ""
    """What the strategy gave as its reason; for a rejection, why it was refused."""


class IndicatorRow(msgspec.Struct, frozen=True):
    """One indicator, for the symbol handled last."""

    name: str
    value: float | None
    """None until it is warm."""
    seen: int = 0
    needed: int = 0


class Mark(msgspec.Struct, frozen=True):
    """An execution on the equity curve."""

    time_ms: int
    is_buy: bool


class Curve(msgspec.Struct, frozen=True):
    """The equity curve, thinned out to what a screen can show."""

    times: tuple[int, ...] = ()
    """Unix milliseconds, ascending."""
    equities: tuple[float, ...] = ()
    marks: tuple[Mark, ...] = ()
    is_exact: bool = True
    """False when points were left out, so that extremes may be missing."""


class LogLine(msgspec.Struct, frozen=True):
    """One line of the log."""

    level: Literal["print", "debug", "info", "warning", "error"]
    text: str


class Snapshot(msgspec.Struct, frozen=True):
    """A run at one moment."""

    facts: Facts
    state: State = "starting"
    seconds: float = 0.0
    """Real time since the run began."""
    done: int = 0
    """Candles and quotes taken in."""
    clock_ms: int = 0
    """Simulated time, Unix milliseconds; 0 before the first event."""
    rate: float = 0.0
    """Candles per second of real time, lately."""
    speed: str = "max"
    currency: str = "USD"
    equity: float = 0.0
    starting_equity: float = 0.0
    curve: Curve = Curve()
    positions: tuple[PositionRow, ...] = ()
    orders: tuple[OrderRow, ...] = ()
    """Working orders first, then the latest others; the newest first."""
    working: int = 0
    orders_total: int = 0
    trades_total: int = 0
    rejected_total: int = 0
    trading: Trading = Trading()
    indicators: tuple[IndicatorRow, ...] = ()
    indicator_symbol: str = ""
    link: Link = Link()
    log: tuple[LogLine, ...] = ()
    """The latest lines, the newest last."""
    log_level: str = "warning"

    @property
    def eta_s(self) -> float | None:
        """Seconds until the last candle at the present speed, None where that is not known."""
        total = self.facts.total
        if total is None or self.rate <= 0 or self.done >= total or self.state != "running":
            return None
        return (total - self.done) / self.rate

    @property
    def is_stale(self) -> bool:
        """True when nothing has come for so long that control may be lost."""
        limit, age = self.facts.stale_after_s, self.link.age_s
        return limit is not None and age is not None and age > limit and self.state == "running"

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What a person should look at, the gravest first."""
        found = []
        trading, link = self.trading, self.link
        if trading.state == "HALTED":
            found.append(Trouble("HALTED", trading.reason))
        if link.state == "reconnecting":
            tries = "1 attempt" if link.attempts == 1 else f"{link.attempts} attempts"
            why = f": {link.failure}" if link.failure else ""
            found.append(Trouble("DISCONNECTED", f"{tries} failed{why}"))
        bare = [one.symbol for one in self.positions if one.is_unprotected]
        if bare:
            found.append(Trouble("UNPROTECTED", f"no stop works for {', '.join(bare)}"))
        if self.is_stale:
            found.append(Trouble("STALE", f"nothing has come for {link.age_s or 0:.0f} s"))
        told = {one.word for one in found}
        found += [one for one in trading.lost if one.word not in told]
        found.sort(key=lambda one: _GRAVEST.index(one.word))
        if trading.state not in ("", "ACTIVE", "HALTED") and (trading.reason or not trading.lost):
            found.append(Trouble(trading.state, trading.reason, is_loss_of_control=False))
        return tuple(found)

    @property
    def alarm(self) -> str:
        """What has been lost of the control over the run, in a word; empty when nothing."""
        return next((one.word.lower() for one in self.troubles if one.is_loss_of_control), "")
