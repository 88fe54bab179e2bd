"""Errors of a strategy at work (exit code 5)."""

from __future__ import annotations

from runner.explained.entry import Entry

ENTRIES = (
    Entry(
        "E500",
        "The strategy failed",
        means="The strategy's own code raised, or blocked past its limit.",
        causes=("an error in a handler",),
        fixes=("look at the frames of your own code above the message",),
        example="a handler that raises",
    ),
    Entry(
        "E501",
        "A handler raised",
        means=(
            "An exception left one of your handlers. The event is not acknowledged, because "
            "its handling did not finish, and the run ends. The frames of your code stand "
            "above the message."
        ),
        causes=(
            "None in a calculation: a price or a position that is not there yet",
            "an indicator that has not seen enough candles, used as a number",
        ),
        fixes=(
            "mend the handler; test it in three lines with runner.testing",
            "go on past errors: on_exception: skip",
        ),
        example="return candle.close / 0",
    ),
    Entry(
        "E502",
        "A handler does not return",
        means=(
            "One of your handlers ran for longer than handler_timeout (30s at a gateway, 60s "
            "elsewhere) and was ended where it was: the frames above the message show the line. "
            "Heartbeats went on meanwhile. The event is not acknowledged, and what the handler "
            "had ordered was not sent. Time in a pause or in a debugger does not count."
        ),
        causes=(
            "a loop whose condition never becomes true",
            "a request to another server, or a lock, without a time limit",
            "heavy work for each event, such as training a model",
            "a regular expression that tries for ever (seen where the run is supervised)",
        ),
        fixes=(
            "give what it waits for a time limit of its own; prepare in on_start",
            "give it more time: handler_timeout: 5m, or 0 for no limit",
        ),
        example="while True: pass",
    ),
    Entry(
        "E504",
        "The process of the run crashed",
        means=(
            "Native code did what the system does not allow. Python cannot go on after that; the "
            "frames above the message show which call it was. At a gateway the process that "
            "guards the run has done what on_death says."
        ),
        causes=("a library written in C that the strategy uses", "ctypes with a wrong address"),
        fixes=("bring that library up to date", "do without it"),
        example="ctypes.string_at(0)",
    ),
    Entry(
        "E505",
        "The process of the run ended by itself",
        means=(
            "It was gone without its strategy having been stopped and without a result. At a "
            "gateway the process that guards the run has done what on_death says."
        ),
        causes=("os._exit in a handler", "a defect of runner, which was reported above"),
        fixes=("raise an exception where the strategy must not go on",),
        example="os._exit(0)",
    ),
    Entry(
        "E506",
        "The run takes too much memory",
        means=(
            "The process was larger than max_memory and was stopped in good order. The message "
            "names the event that it had come to. It is looked at twice a second."
        ),
        causes=(
            "a list that grows with every event",
            "a limit that is too small for the data and the libraries of the strategy",
        ),
        fixes=(
            "keep what you need only: collections.deque(maxlen=...)",
            "raise max_memory, in bytes",
        ),
        example="self.seen.append(bytes(1_000_000)) in on_candle",
    ),
    Entry(
        "E510",
        "The strategy's state cannot be kept",
        means=(
            "A live run writes self.state down as JSON after every event that has changed it, and "
            "it holds something that would not come back as what it was."
        ),
        causes=(
            "an object, a tuple, a set or NaN",
            "keys that are no text",
            "more than a megabyte",
        ),
        fixes=("hold numbers, text, booleans, lists and dictionaries with text as keys in it",),
        example="self.state[1] = object()",
    ),
)
