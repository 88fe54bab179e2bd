"""Errors of reaching a peer (exit code 6)."""

from __future__ import annotations

from runner.explained.entry import Entry

ENTRIES = (
    Entry(
        "E600",
        "The peer cannot be reached",
        means="No engine or gateway could be reached, it refused, or it was lost for good.",
        causes=("the peer is not running, or its address is wrong",),
        fixes=("see what answers: runner doctor",),
        example="runner run configs/engine.yaml",
    ),
    Entry(
        "E601",
        "The WebSocket cannot be opened",
        means=(
            "Nobody answered at the address, the name is unknown, TLS failed, or the peer is"
            " busy. It was tried as often as connection.max_attempts says."
        ),
        causes=(
            "the engine or gateway is not running",
            "a wrong host or port: 8081 for an engine's WebSocket, 8080 for a gateway",
            "a firewall, or a container that does not publish its port",
        ),
        fixes=(
            "start the peer; here: runner engine serve",
            "check the address: runner validate-config, then runner doctor",
        ),
        example="ENGINE_WS_URL=ws://localhost:9 runner run s.py",
    ),
    Entry(
        "E602",
        "The peer does not let us in",
        means=(
            "The peer answered 401 or 403: a key is missing or wrong, or this machine is not"
            " allowed."
        ),
        causes=(
            "GATEWAY_API_KEY or RUNNER_ENGINE__TOKEN is unset or wrong",
            "the key of another environment",
        ),
        fixes=(
            "set the key that the peer was started with",
            "see where the key comes from: runner validate-config",
        ),
        example="runner run configs/gateway.yaml without its key",
    ),
    Entry(
        "E604",
        "The connection was lost for good",
        means=(
            "A connection that stood was lost, and could not be opened again, or the peer "
            "does not continue the run."
        ),
        causes=(
            "the peer was restarted or stopped",
            "the network was away for longer than all attempts take",
        ),
        fixes=(
            "look at the peer's log",
            "raise connection.max_attempts; 0 tries forever",
        ),
        example="stopping the engine during a run",
    ),
    Entry(
        "E605",
        "The engine serves another strategy",
        means="The engine has one run at a time, and another strategy is connected to it.",
        causes=(
            "a run in another terminal",
            "a run that has lost its connection and may still come back",
        ),
        fixes=(
            "wait until that run is over",
            "go on with it yourself: --resume and the name that the engine has printed",
            "start another engine on other ports",
        ),
        example="two runs against runner engine serve --once",
    ),
    Entry(
        "E606",
        "The engine does not keep the run",
        means=(
            "The run that was to be resumed is unknown to the engine: it is over, too old, or"
            " was never there."
        ),
        causes=(
            "the engine was restarted",
            "the time in which a run can be resumed is over",
        ),
        fixes=("leave --resume out to begin a new run",),
        example="resuming a run of yesterday",
    ),
    Entry(
        "E610",
        "The REST side cannot be reached",
        means=(
            "Events arrive, but the requests that place orders do not get through, or the "
            "peer answers that it cannot act now."
        ),
        causes=(
            "a wrong REST address: ENGINE_REST_URL is a different port from ENGINE_WS_URL",
            "the peer is overloaded",
        ),
        fixes=(
            "check the address: runner validate-config, then runner doctor",
            "look at the peer's log",
        ),
        example="ENGINE_REST_URL=http://localhost:9 runner run s.py",
    ),
)
