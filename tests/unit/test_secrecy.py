from __future__ import annotations

import io
import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote

import pytest
import typer

from runner.config.keys import all_keys
from runner.config.load import load_config
from runner.secrecy import (
    MASK,
    SHORTEST,
    VARIABLES,
    ConcealingStream,
    conceal,
    conceal_environment,
    concealed,
    concealed_bytes,
)

KEY = 'a key "with" \\ <much> & ö'


@pytest.fixture(autouse=True)
def _nothing_hidden() -> Iterator[None]:
    conceal(())
    yield
    conceal(())


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        json.dumps(KEY),
        json.dumps(KEY, ensure_ascii=False),
        quote(KEY, safe=""),
        escape(KEY),
    ],
    ids=["plain", "JSON", "JSON with letters", "an address", "a page"],
)
def test_X1_a_secret_goes_from_text_and_bytes_however_it_is_spelt(form: str) -> None:
    conceal([KEY])

    assert concealed(f"before {form} after {form}").count(MASK) == 2
    assert concealed_bytes(f"before {form}".encode()).endswith((MASK.encode(), b'********"'))
    assert "key" not in concealed(form)


def test_X1_a_secret_that_contains_another_goes_whole() -> None:
    conceal(["abcdef", "abcdef-ghijkl"])

    assert concealed("abcdef-ghijkl abcdef") == f"{MASK} {MASK}"


def test_X1_a_login_in_an_address_goes_although_nobody_named_it() -> None:
    assert concealed("at ws://me:pw@host/x") == f"at ws://{MASK}@host/x"
    assert concealed("mail a@b.c // d") == "mail a@b.c // d"


def test_what_is_too_short_for_a_secret_is_left_alone() -> None:
    conceal(["1" * (SHORTEST - 1), "", "  "])

    assert concealed("11111 and so on") == "11111 and so on"


def test_what_is_hidden_is_told_anew_each_time() -> None:
    conceal(["the first one"])
    conceal(["the second one"])

    assert concealed("the first one, the second one") == f"the first one, {MASK}"


def test_X1_every_secret_of_the_configuration_is_hidden_once_it_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RUNNER_METRICS__TOKEN=from-dotenv\n")
    (tmp_path / "c.yaml").write_text("strategy: s.py\nengine: {token: from-a-file}\n")

    load_config(
        tmp_path / "c.yaml", flags={}, environ={"GATEWAY_API_KEY": "from-outside"}, cwd=tmp_path
    )

    assert concealed("from-dotenv from-a-file from-outside") == f"{MASK} {MASK} {MASK}"


def test_X1_the_variables_of_all_secrets_are_hidden_before_anything_is_read() -> None:
    secret = {key.variable for key in all_keys().values() if key.kind.secret}
    conceal_environment({name: f"value of {name}" for name in VARIABLES})

    assert set(VARIABLES) == secret | {"GATEWAY_API_KEY"}
    for name in VARIABLES:
        assert concealed(f"value of {name}") == MASK


def test_X1_a_stream_shows_no_secret_in_text_nor_in_bytes() -> None:
    conceal([KEY])
    below = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    stream = ConcealingStream(below)

    print("text", KEY, file=stream)
    typer.echo(f"bytes {KEY}".encode(), file=stream)
    stream.flush()

    assert below.buffer.getvalue().decode() == f"text {MASK}\nbytes {MASK}\n"  # type: ignore[attr-defined]


def test_a_stream_is_like_the_one_below(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="ascii", errors="replace") as below:
        stream = ConcealingStream(below)

        assert (stream.encoding, stream.errors) == ("ascii", "replace")
        assert (stream.isatty(), stream.fileno()) == (False, below.fileno())
        assert (stream.writable(), stream.buffer.writable()) == (True, True)
        assert stream.write("four") == 4
        stream.reconfigure(errors="strict")
        assert below.errors == "strict"
