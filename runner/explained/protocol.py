"""Errors of the conversation with a peer (exit code 7)."""

from __future__ import annotations

from runner.explained.entry import Entry

ENTRIES = (
    Entry(
        "E700",
        "The protocol was violated",
        means=(
            "The peer said something that the Trading API does not allow, or a backtest "
            "broke off before its end."
        ),
        causes=(
            "an address of something else",
            "another version of the peer",
        ),
        fixes=("check the address and the version of the peer",),
        example="a web server at the engine's address",
    ),
    Entry(
        "E710",
        "A frame cannot be read",
        means=(
            "The peer sent a frame that is not of the Trading API; its bytes are shown. A "
            "backtest with a missing event gives wrong numbers, so it ends."
        ),
        causes=(
            "the address is not that of a Backtest Engine",
            "another version of the protocol",
        ),
        fixes=("check address and version of the peer",),
        example="a frame that is not JSON",
    ),
    Entry(
        "E711",
        "Time went back in a backtest",
        means=(
            "A candle came after a later one of the same symbol and length. A strategy that has "
            "seen later prices decides on what it cannot know, so the backtest ends."
        ),
        causes=(
            "the peer plays two runs on one connection, or began its run again",
            "its data are not in the order of time",
        ),
        fixes=("check the peer, and start the run again",),
        example="a candle of Tuesday behind the one of Wednesday",
    ),
    Entry(
        "E720",
        "Nobody knows whether an order was carried out",
        means=(
            "The answer to a request was lost, and the order could not be found by its "
            "client order id. A guess would make the result wrong."
        ),
        causes=(
            "the engine stopped in the middle of a request",
            "an engine slower than connection.request_timeout",
        ),
        fixes=(
            "look at the engine's log",
            "raise connection.request_timeout if it is only slow",
        ),
        example="stopping the engine while it answers",
    ),
    Entry(
        "E721",
        "Orders cannot be sent",
        means="The engine's REST side is gone while its WebSocket still stands.",
        causes=("the engine's process has failed in part",),
        fixes=("look at the engine's log, then run again",),
        example="closing the engine's REST port during a run",
    ),
    Entry(
        "E730",
        "The connection ended before the backtest did",
        means=(
            "The WebSocket closed with a code that is no normal end, before the engine said "
            "that the backtest is complete."
        ),
        causes=(
            "the engine stopped or failed",
            "something between closed an idle connection",
        ),
        fixes=("look at the engine's log, then run again",),
        example="stopping the engine with kill -9",
    ),
    Entry(
        "E731",
        "The end is not confirmed",
        means=(
            "The peer closed normally without saying that the backtest is complete, and "
            "connection.require_complete is set."
        ),
        causes=("an engine that does not send backtest_complete",),
        fixes=("use one that does, or unset connection.require_complete",),
        example="connection.require_complete: true",
    ),
    Entry(
        "E732",
        "An acknowledgment came later than the engine waits for",
        means=(
            "engine.ack_window says how long the engine waits for an acknowledgment before it goes "
            "on. A handler, or the answer to an order, took longer, so simulated time went on "
            "and orders may have met later prices than they would have."
        ),
        causes=("a handler that computes or waits for too long", "a machine that is too busy"),
        fixes=(
            "do less in the handlers",
            "have the engine wait longer: runner engine serve --ack-window 60s",
            "set engine.allow_slow where the result may be inexact; it then has a warning",
        ),
        example="time.sleep(6) in on_candle, with engine.ack_window: 5s",
    ),
    Entry(
        "E740",
        "No WebSocket there",
        means="Something answers at the address, and it does not speak WebSocket.",
        causes=(
            "the REST port: an engine has its WebSocket on 8081",
            "a proxy or a web page in between",
        ),
        fixes=("correct ENGINE_WS_URL or GATEWAY_URL",),
        example="ENGINE_WS_URL=ws://localhost:8080 runner run s.py",
    ),
    Entry(
        "E741",
        "No trading interface there",
        means="Something answers at the REST address, and it is not the Trading API.",
        causes=(
            "the WebSocket port: an engine has its REST on 8080",
            "a web server of something else",
        ),
        fixes=("correct ENGINE_REST_URL or GATEWAY_URL",),
        example="ENGINE_REST_URL=http://localhost:8081 runner run s.py",
    ),
    Entry(
        "E742",
        "The peer broke the WebSocket protocol",
        means="A frame is too large, compressed, masked or otherwise not allowed.",
        causes=(
            "a frame larger than connection.max_frame_bytes",
            "something between that changes frames",
        ),
        fixes=("raise connection.max_frame_bytes if frames are that large",),
        example="an engine that sends frames of 5 MB",
    ),
    Entry(
        "E743",
        "The backtest stalled",
        means=(
            "Every event is acknowledged, so the engine owes the next one or the end, and "
            "nothing came for connection.stall_timeout."
        ),
        causes=(
            "the engine hangs, or waits for something else",
            "another client of the engine that does not acknowledge",
        ),
        fixes=(
            "look at the engine's log",
            "raise connection.stall_timeout if it is only slow",
        ),
        example="an engine that was stopped with Ctrl-Z",
    ),
    Entry(
        "E760",
        "Not the same trades twice",
        means=(
            "runner smoke: the strategy traded differently over a wire than in process, on the "
            "same candles. Its decisions depend on more than its events."
        ),
        causes=(
            "random numbers without a seed",
            "the wall clock instead of self.now",
            "state in the class or the module that outlives a run",
        ),
        fixes=("give random numbers a seed", "keep state in attributes made in on_start"),
        example="if random.random() < 0.5: self.buy(quantity=1)",
    ),
    Entry(
        "E761",
        "A scenario took too long",
        means="runner smoke: a few hundred candles were not handled within its time limit.",
        causes=("a handler that sleeps, computes for long, or asks somebody over a network",),
        fixes=("look at what the handler does",),
        example="time.sleep(1) in on_candle",
    ),
    Entry(
        "E762",
        "Not every event was acknowledged",
        means="runner smoke: the engine's run was not complete although the strategy's was.",
        causes=("a defect of runner",),
        fixes=("report it, with the strategy",),
        example="none is known",
    ),
    Entry(
        "E750",
        "The strategy left early",
        means=(
            "runner engine serve --once: the strategy's connection ended before the last "
            "event was acknowledged."
        ),
        causes=("the strategy failed or was stopped",),
        fixes=("look at what the strategy printed",),
        example="stopping the strategy during runner engine serve --once",
    ),
    Entry(
        "E751",
        "The strategy did not acknowledge in time",
        means=(
            "runner engine serve: too many acknowledgments in a row did not come within "
            "--ack-window, and the run was halted."
        ),
        causes=(
            "a handler that takes too long",
            "a client that does not acknowledge",
        ),
        fixes=(
            "have the client acknowledge every event",
            "widen --ack-window or --ack-limit",
        ),
        example="runner engine serve --ack-window 100ms with a slow strategy",
    ),
)
