"""Errors of what was required of a run (exit codes 8 and 9)."""

from __future__ import annotations

from runner.explained.entry import Entry

ENTRIES = (
    Entry(
        "E800",
        "A gate failed",
        means="The run finished, but something that was required of it did not happen.",
        causes=("a limit that the strategy did not keep",),
        fixes=("look at the result",),
        example="a run in CI",
    ),
    Entry(
        "E801",
        "No market event arrived",
        means=(
            "The run finished without one candle or quote, or without one that is "
            "subscribed. A strategy that saw nothing has proven nothing."
        ),
        causes=(
            "the peer has no data for the symbols",
            "subscriptions for other symbols than the peer sends",
        ),
        fixes=(
            "subscribe to what the peer sends",
            "look at the data of the peer",
        ),
        example="runner run configs/engine.yaml -s S:TSLA:candle",
    ),
    Entry(
        "E802",
        "A gate failed",
        means=(
            "The run finished, and something that was required of it with --fail-on or "
            "--require-orders did not hold. The message says what, and by how much."
        ),
        causes=(
            "a statistic beyond its limit",
            "a strategy that placed no order",
        ),
        fixes=(
            "look at the result above the message",
            "change the strategy, or the gate",
        ),
        example="runner run s.py --fail-on 'max_drawdown > 20%'",
    ),
    Entry(
        "E804",
        "The strategy does not do the same twice",
        means=(
            "runner verify ran the same backtest several times, each in a process of its own with "
            "another seed of hashes and another wall clock. The orders are not the same from the "
            "named event on, so results of the strategy cannot be repeated."
        ),
        causes=(
            "random numbers without a seed",
            "the order of a set of names",
            "the wall clock in a decision",
            "a file that one run leaves for the next",
        ),
        fixes=(
            "draw from self.random, which begins from the seed of the run",
            "go through sorted(...) of a set",
            "ask self.now, not the clock",
        ),
        example="runner verify my_strategy.py",
    ),
    Entry(
        "E803",
        "A scenario of a smoke run failed",
        means=(
            "runner smoke tried the strategy on gaps, refusals, partial fills and a broken wire, "
            "and it did not survive all of them. The output tells which, and why."
        ),
        causes=(
            "a handler that divides by a volume of zero, or expects every order to fill",
            "random numbers without a seed, or the wall clock, in a decision",
        ),
        fixes=("look at the scenario that failed", "runner smoke --json tells all there is"),
        example="runner smoke my_strategy.py",
    ),
    Entry(
        "E900",
        "Trading was halted",
        means="The run was ended to protect the account; a person must look before it goes on.",
        causes=("a strategy out of control",),
        fixes=("look at the orders, and at the account at the peer",),
        example="a strategy in a loop",
    ),
    Entry(
        "E920",
        "A limit has halted trading",
        means=(
            "A limit of risk: was broken, so no order was sent from then on. The result is that of "
            "the whole run, with trading stopped at that moment."
        ),
        causes=(
            "equity fell further than risk.max_drawdown or risk.max_daily_loss allows",
            "orders that repeat themselves, or that are refused again and again",
        ),
        fixes=(
            "look at what the strategy did before that moment",
            "change the strategy, or the limit if it was too tight",
        ),
        example="runner run my_strategy.py --set risk.max_drawdown=10%",
    ),
    Entry(
        "E921",
        "The kill switch was pulled",
        means=(
            "Somebody halted the run: with the file KILL, SIGUSR1, the key K pressed twice, or "
            "runner halt. No order was sent from then on."
        ),
        causes=("a person stopped the run",),
        fixes=(
            "look at the account, and why it was stopped",
            "when all is in order, start again; after `runner halt` without an id: --release",
        ),
        example="runner halt last",
    ),
    Entry(
        "E922",
        "Trading is halted in this directory",
        means=(
            "The file KILL stands beside the records, so no run at a gateway begins here. "
            "Backtests do."
        ),
        causes=("runner halt without an id, and nobody has released it since",),
        fixes=(
            "look at the account",
            "runner halt --release",
        ),
        example="runner halt",
    ),
    Entry(
        "E923",
        "A halted run has not ended",
        means=(
            "A run was halted and sends no order any more, but its process has not ended in time."
        ),
        causes=(
            "a handler that blocks",
            "a gateway that does not answer",
        ),
        fixes=(
            "look at the account",
            "runner runs show ID names the process; end it with kill",
        ),
        example="runner halt last",
    ),
    Entry(
        "E924",
        "Entry orders still work",
        means=(
            "The run was to cancel its entry orders when it ended, and the gateway still shows "
            "some as working."
        ),
        causes=(
            "a gateway that does not cancel",
            "an order that was on its way",
        ),
        fixes=("look at the account",),
        example="a run that ends while its gateway is overloaded",
    ),
    Entry(
        "E925",
        "Positions open",
        means="Positions were to be closed, and after a minute the gateway still shows some.",
        causes=(
            "the market is closed",
            "the platform refuses market orders for the symbol",
        ),
        fixes=("look at the account",),
        example="on_exit: flatten, on a Sunday",
    ),
    Entry(
        "E926",
        "Nobody knows what still works",
        means=(
            "The run was to cancel its orders or to close positions when it ended, and the "
            "gateway did not answer."
        ),
        causes=("the gateway is gone, which may be why the run ended",),
        fixes=("look at the account",),
        example="a gateway that is stopped before the run",
    ),
    Entry(
        "E910",
        "One event caused too many requests",
        means="One event led to more requests than any plan needs: a loop. Trading was halted.",
        causes=(
            "a new order for every rejection, in on_order",
            "an order for every error, in on_error",
        ),
        fixes=("look at on_order and on_error, which run once for each answer",),
        example="def on_order(self, order): self.buy(quantity=1)",
    ),
    Entry(
        "E930",
        "The journal of live runs is damaged",
        means=(
            "A line of the journal cannot be read, and it is not the last one, which a crash may "
            "have cut. What it says of our orders cannot be trusted, so nothing is traded."
        ),
        causes=("a disk that fails", "a file that was edited, or lost some of its lines"),
        fixes=(
            "look at orders and positions at the gateway",
            "move the journal away; the next run begins a new one",
        ),
        example="an edited .runner/live/SmaCross@localhost_8080/journal.jsonl",
    ),
    Entry(
        "E931",
        "The gateway holds what is not ours",
        means=(
            "Before a live run begins, orders and positions at the gateway are held against the "
            "journal of the runs before. They differ, and nothing says what to do about it."
        ),
        causes=(
            "orders or positions of another program, or made by hand",
            "a journal that was moved away",
        ),
        fixes=(
            "settle it at the gateway",
            "take it over: --set gateway.foreign=adopt",
            "leave it alone, by symbol: --set gateway.foreign=S:AAPL=ignore",
        ),
        example="a position that was opened by hand",
    ),
    Entry(
        "E932",
        "Orders in doubt were left behind",
        means=(
            "The gateway gave no answer to an order, and does not show it among working or past "
            "orders. It was not sent again, because it might then be there twice."
        ),
        causes=(
            "the order never reached the gateway",
            "the gateway, or what is behind it, had an outage",
        ),
        fixes=(
            "look for the ids among the orders and positions at the gateway",
            "start again: the next run looks for them first",
        ),
        example="a gateway that is killed while it takes an order",
    ),
    Entry(
        "E933",
        "An order was answered with another one",
        means=(
            "The gateway accepted an order, and its answer names another one: another id, symbol, "
            "side, type or quantity. The run ended there."
        ),
        causes=("two programs that share one connection to the gateway", "a fault of the gateway"),
        fixes=("look at orders and positions at the gateway before another run is started",),
        example="an answer with a client_order_id that was never sent",
    ),
    Entry(
        "E934",
        "The strategy's state is damaged",
        means="What the strategy had kept in self.state cannot be read, so it does not start.",
        causes=("a disk that fails", "a file that was edited"),
        fixes=("restore the file, or remove it to begin with an empty state",),
        example="an edited .runner/live/SmaCross@localhost_8080/state.json",
    ),
    Entry(
        "E935",
        "The gateway tells of an order what cannot be",
        means=(
            "The gateway told of executions beyond the quantity of an order, or of one that had "
            "ended, or of a negative quantity. The run ended there, because the position is not "
            "what the strategy takes it for."
        ),
        causes=("a fault of the gateway", "an order that was changed by somebody else"),
        fixes=("look at orders and positions at the gateway before another run is started",),
        example="an order for 1 that is filled for 2",
    ),
    Entry(
        "E940",
        "A strategy too slow for its data has lost messages",
        means=(
            "More messages waited for the strategy than connection.inbox allows, although newer "
            "quotes had replaced older ones. Trading was halted at once; then orders and "
            "positions were read again, and no order was sent from then on."
        ),
        causes=(
            "a handler that takes longer than its data needs to arrive, for a long time",
            "a handler that blocked: on a file, a request, a lock",
        ),
        fixes=(
            "do less in the handlers, or subscribe to fewer symbols",
            "raise connection.inbox where only a burst is to be outlasted",
        ),
        example="time.sleep(1) in on_candle, at ten candles a second",
    ),
    Entry(
        "E941",
        "The gateway reported what a run cannot go on after",
        means=(
            "The gateway has given its broker up, or said that the broker closed a position by "
            "force, or that both exits of one position were executed. Trading was halted."
        ),
        causes=(
            "an outage at the broker that lasted too long",
            "a margin that was too small",
            "a fast market that went through stop and target",
        ),
        fixes=(
            "look at orders and positions at the broker",
            "look at the gateway's log; start again when all is in order",
        ),
        example="BROKER_CONNECTION_FAILED after five minutes without the broker",
    ),
)
