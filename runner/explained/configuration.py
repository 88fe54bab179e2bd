"""Errors of the configuration and the environment (exit code 3)."""

from __future__ import annotations

from runner.explained.entry import Entry

ENTRIES = (
    Entry(
        "E300",
        "The configuration or the environment is invalid",
        means="A value that was set, somewhere, cannot be used. Nothing was run.",
        causes=("a value in a file, a variable or a flag",),
        fixes=("see every value and where it came from: runner validate-config",),
        example="runner validate-config my.yaml",
    ),
    Entry(
        "E301",
        "The configuration has problems",
        means=(
            "Files, variables and flags were read, and all that is wrong with them is "
            "listed: place, key, what, and a hint. Nothing was run and nothing was "
            "connected."
        ),
        causes=(
            "a misspelt key; the hint names the nearest one",
            "a value without its unit, such as 5 for a rate",
            "a variable RUNNER_... that is no key",
            "an engine and a gateway that are both set",
        ),
        fixes=(
            "correct each line that is listed; the position is file:line:column",
            "check again without running: runner validate-config FILE",
        ),
        example="runtime: embeded",
    ),
    Entry(
        "E310",
        "Parameters of the strategy are invalid",
        means=(
            "A parameter that was given is not declared by the strategy, or its value is "
            "outside of the declared bounds."
        ),
        causes=(
            "a misspelt name; the message names the nearest one",
            "a value below ge= or above le= of its declaration",
            "a parameter of another strategy left in the file",
        ),
        fixes=(
            "look at the overview in the message, or at runner strategies",
            "change the declaration in the strategy: param(10, ge=2, le=200)",
        ),
        example="runner run strategies/sma_cross.py -p fast=1",
    ),
    Entry(
        "E322",
        "Candles of that timeframe cannot be made of the data",
        means=(
            "A coarser candle is made of whole finer ones. The data is too coarse for the "
            "timeframe, or does not divide it."
        ),
        causes=(
            "a timeframe finer than that of the data",
            "one of which it is no whole part, such as 5m on candles of 2m",
        ),
        fixes=(
            "subscribe to the timeframe of the data, or to a multiple of it",
            "use finer data",
        ),
        example="runner run strategies/sma_cross.py -s S:AAPL:candle_1h",
    ),
    Entry(
        "E330",
        "A key would travel unencrypted",
        means=(
            "A key or token is set, and the address is neither encrypted nor on this "
            "machine. Whoever listens on the way could trade with the key, so nothing was "
            "sent."
        ),
        causes=("http:// or ws:// in the address of a remote peer",),
        fixes=(
            "use https:// and wss://",
            "unset the variable if the peer asks for no key",
        ),
        example="GATEWAY_API_KEY=... GATEWAY_URL=http://gateway.example.com:8080 runner run s.py",
    ),
    Entry(
        "E331",
        "A speed for a run whose time is real",
        means=(
            "A gateway's market goes on whatever the strategy does. Holding the strategy back "
            "would only make it late, so a speed is refused there."
        ),
        causes=("--speed, or speed in the configuration, together with --runtime gateway",),
        fixes=("remove the speed", "use it in a backtest: embedded, or at an engine"),
        example="runner run s.py --runtime gateway --speed 20",
    ),
    Entry(
        "E332",
        "The metrics have no such address",
        means="metrics.listen names a host that is not this machine, or that nobody knows.",
        causes=("the address of another machine", "a typing slip in a name"),
        fixes=(
            "write 127.0.0.1:9108 for this machine only",
            "write 0.0.0.0:9108 for all its addresses, and set RUNNER_METRICS__TOKEN",
        ),
        example="runner run s.py --metrics 192.0.2.1:9108",
    ),
    Entry(
        "E333",
        "Metrics need a library",
        means="Figures are written for Prometheus by a library that is not installed here.",
        causes=("strategy-runner was installed without its extra metrics",),
        fixes=("pip install 'strategy-runner[metrics]'", "leave --metrics out"),
        example="runner run s.py --metrics 127.0.0.1:9108",
    ),
    Entry(
        "E339",
        "Only a run of an engine can be resumed",
        means=(
            "--resume names a run that a Backtest Engine keeps, and this run is not against one. "
            "An embedded run leaves nothing behind, and a gateway has no runs."
        ),
        causes=("the addresses of the engine are not set in this terminal",),
        fixes=(
            "set ENGINE_WS_URL and ENGINE_REST_URL",
            "leave --resume out",
        ),
        example="runner run strategies/sma_cross.py --resume 0f1e2d3c4b5a6978",
    ),
    Entry(
        "E340",
        "Not a WebSocket address",
        means="The address of the engine's WebSocket cannot be read as one.",
        causes=(
            "a typing slip in ENGINE_WS_URL",
            "a port that is no number",
        ),
        fixes=("write it like ws://localhost:8081",),
        example="ENGINE_WS_URL=ws://localhost:80810 runner run s.py",
    ),
    Entry(
        "E341",
        "An address that cannot be used",
        means=(
            "Either a strategy is given as an address, or the environment names a proxy that"
            " cannot be used."
        ),
        causes=(
            "a strategy such as https://...: code from a network is never run",
            "http_proxy or https_proxy with a typing slip",
        ),
        fixes=(
            "download the strategy, read it, and give its path",
            "correct the proxy, or list the host in no_proxy",
        ),
        example="runner run https://example.com/strategy.py",
    ),
    Entry(
        "E342",
        "The strategy's path leads out",
        means=(
            "The path climbs out of this directory with .., or a symbolic link leads out of "
            "the project. It may lead to code of somebody else, so it was not loaded."
        ),
        causes=(
            "a path like ../other/strategy.py",
            "a symbolic link to a file elsewhere",
        ),
        fixes=(
            "give the absolute path, which says openly where it leads",
            "say that you trust it: --trust",
        ),
        example="runner run ../elsewhere/strategy.py",
    ),
    Entry(
        "E343",
        "Everybody may write to the strategy",
        means=(
            "The permissions of the strategy's file let every user of this machine change "
            "it, and whoever changes it trades in your name."
        ),
        causes=("chmod 777, or a shared folder that makes all files writable",),
        fixes=(
            "chmod o-w FILE",
            "say that you trust it: --trust",
        ),
        example="chmod 666 s.py; runner run s.py",
    ),
    Entry(
        "E344",
        "Live trading without a gateway",
        means="--live or --dry-run was given, but the run is a backtest, which trades nothing.",
        causes=("GATEWAY_URL is not set in this shell",),
        fixes=(
            "set GATEWAY_URL",
            "leave the flag out",
        ),
        example="runner run strategies/sma_cross.py --live",
    ),
    Entry(
        "E345",
        "Real money, and live is not set",
        means=(
            "The gateway says that it trades real money, or does not say what it trades, which "
            "counts as that. Nothing was sent."
        ),
        causes=(
            "a gateway that was meant to be one for paper trading",
            "--live was forgotten",
        ),
        fixes=(
            "check what the gateway is connected to",
            "--live, together with gateway.account",
        ),
        example="GATEWAY_URL=http://gateway.example.com:8080 runner run my_strategy.py",
    ),
    Entry(
        "E346",
        "The gateway trades another account",
        means="gateway.account names another account than the gateway reports. Nothing was sent.",
        causes=(
            "the address of another gateway",
            "the gateway was connected to another platform",
        ),
        fixes=(
            "correct gateway.url",
            "correct gateway.account, if this is the account you mean",
        ),
        example="RUNNER_GATEWAY__ACCOUNT=alpaca-live/USD at a gateway of oanda-live",
    ),
    Entry(
        "E347",
        "Nobody has confirmed the account",
        means=(
            "Live trading needs the account's name, as the gateway reports it: in "
            "gateway.account, or typed at a prompt. There was neither."
        ),
        causes=(
            "a first live run from a script, where nobody can be asked",
            "a name that was mistyped",
        ),
        fixes=(
            "set RUNNER_GATEWAY__ACCOUNT to the name in the message",
            "run in a terminal, and type it",
        ),
        example="runner run my_strategy.py --live < /dev/null",
    ),
    Entry(
        "E348",
        "Nothing limits how much money may be at stake",
        means=(
            "A run with real money needs at least one limit of size. The other limits have "
            "defaults; nobody else can choose this one."
        ),
        causes=("a first live run of a strategy that was only tested",),
        fixes=(
            "set risk.max_order_notional, risk.max_position_notional or risk.max_gross_notional",
            "or risk.max_order_quantity",
        ),
        example="runner run my_strategy.py --live",
    ),
)
