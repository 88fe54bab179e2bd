from __future__ import annotations

import pytest

from runner.config.foreign import foreign_rules
from runner.config.units import UnfitError


@pytest.mark.parametrize(
    ("raw", "rules", "shown"),
    [
        ("adopt", {"*": "adopt"}, "adopt"),
        ("S:AAPL=adopt", {"S:AAPL": "adopt"}, "S:AAPL=adopt"),
        (" S:AAPL = adopt, *=ignore ", {"S:AAPL": "adopt", "*": "ignore"}, None),
        ({"S:AAPL": "ignore"}, {"S:AAPL": "ignore"}, "S:AAPL=ignore"),
    ],
    ids=["one word", "one symbol", "symbol and the others", "mapping"],
)
def test_rules_are_read_and_shown_as_one_could_write_them(
    raw: object, rules: dict[str, str], shown: str | None
) -> None:
    kind = foreign_rules()

    read = kind.read(raw)

    assert read == rules
    assert kind.read(kind.display(read)) == rules
    assert shown is None or kind.display(read) == shown


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ("adpt", "knows stop, adopt, ignore, was 'adpt'"),
        ("S:AAPL=", "knows stop, adopt, ignore"),
        ("=adopt", "has no symbol"),
        ("S:AAPL=adopt,S:AAPL=stop", "names 'S:AAPL' twice"),
        ({"S:AAPL": None}, "knows stop, adopt, ignore"),
    ],
    ids=["misspelt", "no word", "no symbol", "twice", "empty"],
)
def test_what_is_no_rule_is_refused(raw: object, what: str) -> None:
    with pytest.raises(UnfitError, match=what):
        foreign_rules().read(raw)
