"""Every key of the configuration: its type, its bounds, its default, and one line about it.

With those of the sections that it imports, this is the only list of keys. Files,
variables, flags, the JSON Schema and `validate-config` are all derived from it. Durations are
seconds, rates are fractions, money is Decimal, times are UTC. The line below a key is its
description in the schema, which `schema` reads from this source: having pydantic do it would cost
every start 17 ms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from runner.config import fields, units
from runner.config.exchange import ExchangeConfig
from runner.config.foreign import foreign_rules
from runner.config.log import LogConfig
from runner.config.metrics import MetricsConfig
from runner.config.risk import RiskConfig
from runner.config.section import Section
from runner.config.units import UnfitError, show_duration, show_moment
from runner.protocol.enums import TIMEFRAME_MS
from runner.protocol.subscriptions import Subscription
from runner.results.gates import Condition

HOUR = 3600.0
DAY = 86_400.0
MILLISECOND = 0.001
MICROSECOND = 0.000_001


class Runtime(StrEnum):
    """What the strategy runs against."""

    EMBEDDED = "embedded"
    ENGINE = "engine"
    GATEWAY = "gateway"


class OnException(StrEnum):
    """What happens when a handler raises."""

    HALT = "halt"
    SKIP = "skip"


class OnExit(StrEnum):
    """What a run at a gateway does with its orders and positions when it ends."""

    LEAVE = "leave"
    CANCEL = "cancel"
    FLATTEN = "flatten"


class Supervised(StrEnum):
    """Which runs a second process watches over."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Ui(StrEnum):
    """What is shown while a run is going on."""

    AUTO = "auto"
    LIVE = "live"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


class EngineConfig(Section):
    """Where a Backtest Engine is."""

    ws_url: Annotated[str, fields.address("ws", "wss", example="ws://localhost:8081")] = (
        "ws://localhost:8081"
    )
    """WebSocket address of the Backtest Engine."""
    rest_url: Annotated[str, fields.address("http", "https")] = "http://localhost:8080"
    """REST address of the Backtest Engine."""
    ack_window: Annotated[float | None, fields.duration(MILLISECOND, DAY, optional=True)] = None
    """How long the engine waits for an acknowledgment; a pause lets each event go before that."""
    allow_slow: Annotated[bool, fields.flag()] = False
    """Whether a run may end well though it acknowledged later than `engine.ack_window`."""
    token: Annotated[SecretStr | None, fields.secret()] = None
    """Token of an engine that asks for one. Better set as RUNNER_ENGINE__TOKEN than in a file."""
    resume: Annotated[str | None, fields.text(optional=True)] = None
    """Name of the run to go on with, after the process that had begun it was killed."""


class GatewayConfig(Section):
    """Where a Trading Gateway is."""

    url: Annotated[str, fields.address("http", "https", "ws", "wss", of_gateway=True)] = (
        "http://localhost:8080"
    )
    """Address of the Trading Gateway; the address of its WebSocket follows from it."""
    api_key: Annotated[SecretStr | None, fields.secret()] = None
    """Key for a gateway that asks for one. Better set as GATEWAY_API_KEY than written in a file."""
    directory: Annotated[str, fields.path()] = ".runner/live"
    """Where live runs keep the journal of their orders and the strategies' state."""
    account: Annotated[str | None, fields.text(optional=True)] = None
    """The account that may be traded, as the gateway reports it, such as alpaca-live/USD."""
    foreign: Annotated[Mapping[str, str], foreign_rules()] = Field(
        default_factory=lambda: {"*": "stop"}
    )
    """Orders and positions that are not ours: stop, adopt or ignore; by symbol S:AAPL=adopt."""
    reconcile_every: Annotated[float, fields.duration(1.0, DAY)] = 60.0
    """How often orders and positions are read, and held against what the run takes them to be."""


class DataConfig(Section):
    """The prices of the embedded engine."""

    path: Annotated[str, fields.path()] = "sample"
    """`sample` for the bundled prices, a file, or a pattern such as prices/{symbol}/*.csv."""
    quotes: Annotated[str | None, fields.path(optional=True)] = None
    """File, or pattern with {symbol}, of quotes, which fill orders in place of the candles."""
    start: Annotated[datetime | None, fields.moment()] = Field(default=None, alias="from")
    """First moment to replay, in `data.timezone` unless it says otherwise; unset: the first."""
    end: Annotated[datetime | None, fields.moment(end=True)] = Field(default=None, alias="to")
    """Last moment to replay; a date includes that whole day. Unset means the last there is."""
    timeframe: Annotated[str | None, fields.choice(TIMEFRAME_MS, optional=True)] = None
    """Length of one candle; unset means it is detected from the data."""
    timezone: Annotated[str | None, fields.timezone()] = None
    """Whose days and clocks the data has, such as America/New_York; unset means UTC."""
    columns: Annotated[Mapping[str, str] | None, fields.columns()] = None
    """Which column is which, such as time=Date,open=O; unset means it is told from the header."""
    sort: Annotated[bool, fields.flag()] = False
    """Whether to put candles into the order of their times; counted in the result."""
    dedupe: Annotated[bool, fields.flag()] = False
    """Whether to keep only the last of several candles of one moment; counted in the result."""
    skip_bad: Annotated[int, fields.whole(0, 10**9)] = 0
    """Most rows of a file to leave out because they cannot be used; counted in the result."""

    @model_validator(mode="before")
    @classmethod
    def _range_is_in_the_zone(cls, values: Any) -> Any:
        """Read the bounds in the zone of the data, where they name none themselves."""
        if not isinstance(values, Mapping) or not values.get("timezone"):
            return values
        try:
            zone = units.parse_timezone(values["timezone"])
            bounds = {
                name: units.parse_moment(values[name], end=name in ("to", "end"), zone=zone)
                for name in ("from", "start", "to", "end")
                if values.get(name) is not None
            }
        except UnfitError:
            return values  # what is wrong is told by the key that it stands in
        return {**values, **bounds}

    @model_validator(mode="after")
    def _range_is_in_order(self) -> DataConfig:
        if self.start and self.end and self.start > self.end:
            what = f"must not be after data.to ({show_moment(self.end, end=True)})"
            raise UnfitError(f"{what}, was {show_moment(self.start)}", "swap them?", ("from",))
        return self


class ConnectionConfig(Section):
    """Limits of the connection to an engine or a gateway."""

    open_timeout: Annotated[float, fields.duration(MILLISECOND, HOUR)] = 10.0
    """Longest wait for a connection to open and for its first frame."""
    request_timeout: Annotated[float, fields.duration(MILLISECOND, HOUR)] = 10.0
    """Longest wait for the answer to one REST request."""
    close_timeout: Annotated[float, fields.duration(MILLISECOND, HOUR)] = 5.0
    """Longest wait for the other side to close."""
    ping_interval: Annotated[float, fields.duration(MILLISECOND, HOUR)] = 20.0
    """Time without frames after which the other side is asked whether it is still there."""
    ping_timeout: Annotated[float, fields.duration(MILLISECOND, HOUR)] = 20.0
    """Longest wait for its answer."""
    max_attempts: Annotated[int, fields.whole(0, 1_000_000)] = 10
    """Attempts to connect before giving up; 0 tries forever."""
    backoff_initial: Annotated[float, fields.duration(MILLISECOND, HOUR)] = 0.5
    """Pause before the second attempt; it grows with every further one."""
    backoff_max: Annotated[float, fields.duration(MILLISECOND, HOUR)] = 30.0
    """Longest pause between two attempts."""
    require_complete: Annotated[bool, fields.flag()] = False
    """Whether a backtest whose end was not confirmed counts as broken off (exit code 7)."""
    stall_timeout: Annotated[float, fields.duration(MILLISECOND, DAY)] = 60.0
    """Longest silence of a backtest that owes us an event."""
    spin: Annotated[float, fields.duration(MICROSECOND, 10 * MILLISECOND, zero=True)] = 0.0002
    """How long to poll the socket before sleeping, in a backtest; 0 turns it off."""
    max_frame_bytes: Annotated[int, fields.whole(1024, 256 * 1024 * 1024)] = 1_048_576
    """Largest frame accepted, in bytes."""
    guard_after: Annotated[float, fields.duration(MILLISECOND, 10.0)] = 0.25
    """Time in a handler after which a second thread reads, and answers pings, for it."""
    gap_after: Annotated[float, fields.duration(100 * MILLISECOND, HOUR)] = 10.0
    """Standstill of a live run, or jump of its clock, after which the state is read again."""
    inbox: Annotated[int, fields.whole(16, 1_000_000)] = 10_000
    """Most messages of a gateway that wait for a slow strategy; one more halts trading (exit 9)."""

    @model_validator(mode="after")
    def _backoff_can_grow(self) -> ConnectionConfig:
        first, longest = show_duration(self.backoff_initial), show_duration(self.backoff_max)
        if self.backoff_initial > self.backoff_max:
            # The one that was written is to blame; a default is not.
            if "backoff_initial" in self.model_fields_set:
                name, what = "backoff_initial", "longer than connection.backoff_max"
                raise UnfitError(f"must not be {what} ({longest}), was {first}", "", (name,))
            name, what = "backoff_max", "shorter than connection.backoff_initial"
            raise UnfitError(f"must not be {what} ({first}), was {longest}", "", (name,))
        return self


class RecordsConfig(Section):
    """What every run leaves behind."""

    enabled: Annotated[bool, fields.flag()] = True
    """Whether a run leaves a record: settings, source, orders, trades, equity, result."""
    dir: Annotated[str, fields.path()] = ".runner"
    """Directory of the records, private to its owner."""
    events: Annotated[bool, fields.flag()] = False
    """Whether to keep every event too, so that `runner replay` can hold the run again."""
    max_runs: Annotated[int, fields.whole(1, 1_000_000)] = 1000
    """Most runs kept; the oldest without a tag go first."""
    max_bytes: Annotated[int, fields.whole(1_000_000, 10**15)] = 1_000_000_000
    """Most bytes that all of them may take; the oldest without a tag go first."""


class RunConfig(BaseSettings):
    """Configuration of a strategy run."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    runtime: Annotated[Runtime, fields.choice(Runtime, make=Runtime)] = Runtime.EMBEDDED
    """What to run against; unset, it follows from the addresses that are set."""
    strategy: Annotated[str | None, fields.path(optional=True)] = None
    """path.py, path.py:Class, package.module:Class, or the name of an installed strategy."""
    params: Annotated[Mapping[str, Any], fields.parameters()] = Field(default_factory=dict)
    """Parameters of the strategy, by name."""
    subscriptions: Annotated[tuple[Subscription, ...], fields.subscriptions()] = ()
    """What to receive, such as S:AAPL:candle."""
    engine: EngineConfig = Field(default_factory=EngineConfig)
    """Where a Backtest Engine is."""
    gateway: GatewayConfig = Field(default_factory=GatewayConfig)
    """Where a Trading Gateway is."""
    data: DataConfig = Field(default_factory=DataConfig)
    """The prices of the embedded engine."""
    exchange: ExchangeConfig = Field(default_factory=ExchangeConfig)
    """The account and the costs of the embedded engine."""
    risk: RiskConfig = Field(default_factory=RiskConfig)
    """Limits that every order passes; unset is no limit."""
    connection: ConnectionConfig = Field(default_factory=ConnectionConfig)
    """Limits of the connection to an engine or a gateway."""
    records: RecordsConfig = Field(default_factory=RecordsConfig)
    """What every run leaves behind."""
    seed: Annotated[int, fields.whole(0, 2**63 - 1)] = 0
    """Where `self.random` of a strategy begins: the same seed draws the same numbers."""
    log: LogConfig = Field(default_factory=LogConfig)
    """What is said on stderr."""
    metrics: MetricsConfig = Field(default_factory=MetricsConfig)
    """Metrics and health of a run, over HTTP."""
    on_exception: Annotated[OnException, fields.choice(OnException, make=OnException)] = (
        OnException.HALT
    )
    """When a handler raises: halt the run, or skip the event and go on."""
    handler_timeout: Annotated[
        float | None, fields.duration(0.1, DAY, zero=True, optional=True)
    ] = None
    """Longest time in one handler: 30s at a gateway, 60s elsewhere if unset; 0 is no limit."""
    max_memory: Annotated[int | None, fields.whole(10_000_000, 10**13, optional=True)] = None
    """Most memory of the run, in bytes; beyond it the run ends (exit 5). Unset is no limit."""
    live: Annotated[bool, fields.flag()] = False
    """Whether orders may trade real money at a gateway; `gateway.account` must agree, too."""
    dry_run: Annotated[bool, fields.flag()] = False
    """At a gateway: simulate all orders at its prices; no order leaves."""
    on_exit: Annotated[OnExit, fields.choice(OnExit, make=OnExit)] = OnExit.CANCEL
    """At a gateway, when the run ends: leave all, cancel entries, or close the positions, too."""
    on_death: Annotated[OnExit, fields.choice(OnExit, make=OnExit)] = OnExit.CANCEL
    """The same where the run could not do it: it was killed, has crashed, or is blocked."""
    supervised: Annotated[Supervised, fields.choice(Supervised, make=Supervised)] = Supervised.AUTO
    """Which runs a second process watches: auto is those that trade at a gateway."""
    ui: Annotated[Ui, fields.choice(Ui, make=Ui)] = Ui.AUTO
    """What to show during the run; auto is live on a terminal and plain elsewhere."""
    headless: Annotated[bool, fields.flag()] = False
    """Whether the run goes on when its terminal is closed, and shows nothing from then on."""
    speed: Annotated[str, fields.speed()] = "max"
    """How fast a backtest may go: max, 20/s (time steps a second), realtime, or 100x of that."""
    max_events: Annotated[int | None, fields.whole(1, 10**12, optional=True)] = None
    """Stop after this many events."""
    timeout: Annotated[float | None, fields.duration(MILLISECOND, 366 * DAY, optional=True)] = None
    """Stop after this much real time."""
    fail_on: Annotated[tuple[Condition, ...], fields.conditions()] = ()
    """Conditions under which the run has failed (exit code 8), such as max_drawdown > 20%."""
    require_orders: Annotated[bool, fields.flag()] = False
    """Whether a run without an accepted order has failed (exit code 8)."""
    trust: Annotated[bool, fields.flag()] = False
    """Whether to load a strategy from a place that others can write to, or from outside."""

    def __init__(self, *, layers: Iterable[Mapping[str, Any]] = (), **values: Any) -> None:
        """Read the model from `layers` of nested values, the strongest first.

        Keyword arguments are stronger than every layer. Neither environment nor files are looked
        at here: who wants them reads them into layers.

        Raises:
            pydantic.ValidationError: with the position of every value that does not fit.
        """
        values[_LAYERS] = tuple(layers)
        super().__init__(**values)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is given
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Replace the sources that read global state by the layers that were handed in."""
        assert isinstance(init_settings, InitSettingsSource)
        layers = init_settings.init_kwargs.pop(_LAYERS, ())
        return (init_settings, *(_Layer(settings_cls, values) for values in layers))


_LAYERS = "layers"


class _Layer(PydanticBaseSettingsSource):
    """One source of values that was already read; positions are kept elsewhere."""

    def __init__(self, settings_cls: type[BaseSettings], values: Mapping[str, Any]) -> None:
        super().__init__(settings_cls)
        self._values = dict(values)

    def get_field_value(
        self,
        field: FieldInfo,  # noqa: ARG002 - the signature is given
        field_name: str,
    ) -> tuple[Any, str, bool]:
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._values
