"""Errors of loading a strategy (exit code 4)."""

from __future__ import annotations

from runner.explained.entry import Entry

ENTRIES = (
    Entry(
        "E400",
        "The strategy cannot be loaded",
        means="The strategy's code could not be made a class that runs. Nothing was connected.",
        causes=("an error in the strategy's file",),
        fixes=("see what is wrong with each: runner strategies",),
        example="runner run broken.py",
    ),
    Entry(
        "E401",
        "The strategy's file cannot be used",
        means="There is no file at the path, it is a directory, or it cannot be read.",
        causes=(
            "a typing slip; the message names similar files",
            "the wrong working directory",
        ),
        fixes=(
            "check the path",
            "see which there are: runner strategies",
            "make it: runner new my_strategy.py",
        ),
        example="runner run no_such.py",
    ),
    Entry(
        "E402",
        "No strategy has that name",
        means="A name without .py is that of an installed strategy, and none is called so.",
        causes=(
            "the ending .py was left out",
            "the package with the strategy is not installed in this environment",
        ),
        fixes=(
            "name the file with its ending",
            "see which are installed: runner strategies",
        ),
        example="runner run sma_cross",
    ),
    Entry(
        "E403",
        "This names no strategy",
        means="The text has none of the forms in which a strategy is named.",
        causes=(
            "an empty text",
            "characters that no module or class has in its name",
        ),
        fixes=(
            "give path.py, path.py:Class, package.module:Class, or an installed strategy's name",
        ),
        example="runner run 'my strategy:'",
    ),
    Entry(
        "E410",
        "The strategy is not valid Python",
        means="Python cannot read the file; the message names line and column.",
        causes=(
            "a missing colon, quote or bracket, often one line above",
            "syntax of a newer Python",
        ),
        fixes=("repair the line",),
        example="class Mine(Strategy)",
    ),
    Entry(
        "E411",
        "A module is missing",
        means="The strategy imports a module that Python does not find.",
        causes=(
            "a package that is not installed in this environment",
            (
                "a file beside the strategy: it is loaded alone, so that its neighbours hide"
                " no library"
            ),
        ),
        fixes=(
            "install the package with the command in the message",
            "for a file beside it, run with PYTHONPATH set to the folder",
        ),
        example="import no_such_package",
    ),
    Entry(
        "E412",
        "The strategy's module raised",
        means="Loading the file runs its top level, and that raised an exception.",
        causes=(
            "work at the top level, such as opening a file",
            "a name that runner does not offer: from runner import Candel",
        ),
        fixes=(
            "repair the line that the message names",
            "move work into on_start",
        ),
        example="from runner import Candel",
    ),
    Entry(
        "E413",
        "The module wants to end the program",
        means="The file calls sys.exit, os._exit or an exec function while it is loaded.",
        causes=("a script with its own main part",),
        fixes=("move what runs on its own below if __name__ == '__main__':",),
        example="sys.exit(0) at the top level",
    ),
    Entry(
        "E414",
        "Loading takes too long",
        means="The module was still busy after ten seconds and was interrupted.",
        causes=(
            "a download or a computation at the top level",
            "waiting for input",
        ),
        fixes=("move slow work into on_start",),
        example="time.sleep(60) at the top level",
    ),
    Entry(
        "E420",
        "The file has no strategy of its own",
        means="No class of the file derives from runner.Strategy.",
        causes=(
            "the base class is missing: class Mine: in place of class Mine(Strategy):",
            "the strategy is only imported there",
        ),
        fixes=(
            "derive the class from runner.Strategy",
            "name an imported class: path.py:Class",
        ),
        example="class Mine: with on_candle",
    ),
    Entry(
        "E421",
        "The file has no class of that name",
        means="The part after the colon names no class of the file or module.",
        causes=("a typing slip; the message names the nearest one",),
        fixes=("check the name of the class",),
        example="runner run strategies/sma_cross.py:SmaCros",
    ),
    Entry(
        "E422",
        "The file has several strategies",
        means="Only one can run, and which one is not said.",
        causes=("two strategies in one file",),
        fixes=(
            "name one: path.py:Class",
            "begin the name of a base class with an underscore",
        ),
        example="runner run two.py",
    ),
    Entry(
        "E423",
        "This is not a strategy class",
        means=(
            "What was named is an instance, a function, the base class itself, or an "
            "unrelated class."
        ),
        causes=("an instance in the place of its class",),
        fixes=("name a class that derives from runner.Strategy",),
        example="runner run s.py:made",
    ),
    Entry(
        "E424",
        "Abstract methods are left open",
        means="The class declares abstract methods and does not write them.",
        causes=("the base of a family of strategies was named",),
        fixes=("write the methods, or name a class that does",),
        example="class Base(Strategy, ABC) with an @abstractmethod",
    ),
    Entry(
        "E425",
        "The default subscriptions cannot be read",
        means="The strategy's own list of subscriptions does not have its form.",
        causes=("a symbol without what to receive, such as S:AAPL",),
        fixes=("write symbol and what to receive: S:AAPL:candle",),
        example='default_subscriptions = ("S:AAPL",)',
    ),
    Entry(
        "E426",
        "The strategy cannot be made",
        means="The constructor of the class raised.",
        causes=("work in __init__ that needs the account or prices",),
        fixes=("prepare in on_start, which knows them",),
        example="def __init__(self): self.equity",
    ),
    Entry(
        "E430",
        "A handler has an unknown name",
        means="A method is called on_... and no event leads to it, so it would never be called.",
        causes=("a misspelt handler, or its name in another framework, such as on_bar",),
        fixes=(
            "use the name in the hint",
            "begin a method of your own with another word",
        ),
        example="def on_candel(self, candle)",
    ),
    Entry(
        "E431",
        "A handler is not a plain function",
        means="A handler is declared with async def, contains yield, or is no function at all.",
        causes=("habits from asynchronous code",),
        fixes=("write a plain def; blocking calls are fine, it has a thread",),
        example="async def on_candle(self, candle)",
    ),
    Entry(
        "E432",
        "A handler or constructor has other arguments",
        means="It cannot be called the way it is called.",
        causes=(
            "an argument too many or too few",
            "a constructor with settings",
        ),
        fixes=(
            "write the definition in the message",
            "declare settings as parameters: fast: int = param(10)",
        ),
        example="def on_candle(self, candle, volume)",
    ),
    Entry(
        "E433",
        "The type of a parameter cannot be checked",
        means="A parameter of the strategy is declared with a type whose values cannot be checked.",
        causes=("a type that is not imported", "a type of another library, or of your own"),
        fixes=("declare it with a plain type: int, float, str, bool or Decimal",),
        example="fast: Fast = param(10)",
    ),
)
