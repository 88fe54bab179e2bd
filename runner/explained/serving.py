"""Errors of the options of the engine's server (exit code 3)."""

from __future__ import annotations

from runner.explained.entry import Entry

ENTRIES = (
    Entry(
        "E371",
        "Serving beyond this machine needs a token",
        means=(
            "The engine was told to listen on an address that others can reach, without a "
            "token. Everybody could trade on it."
        ),
        causes=("--host 0.0.0.0 without --token",),
        fixes=(
            "add --token, or set RUNNER_ENGINE__TOKEN",
            "leave --host out to serve this machine only",
        ),
        example="runner engine serve --host 0.0.0.0",
    ),
    Entry(
        "E372",
        "The token cannot be used",
        means=(
            "A token travels in a header of HTTP and must be printable ASCII without blanks "
            "at its ends."
        ),
        causes=(
            "a line end at the end of the token",
            "letters outside of ASCII",
        ),
        fixes=("choose one like openssl rand -hex 32 prints",),
        example="runner engine serve --token ' secret'",
    ),
    Entry(
        "E373",
        "The address is not one of this machine",
        means="The engine cannot listen on an address that no network interface here has.",
        causes=(
            "a typing slip",
            "the address of another machine",
        ),
        fixes=(
            "leave --host out",
            "listen on all addresses: --host 0.0.0.0 with a token",
        ),
        example="runner engine serve --host 203.0.113.7 --token ...",
    ),
    Entry(
        "E374",
        "WebSocket and REST on one port",
        means="The engine was told to use the same port for both.",
        causes=("--ws-port and --rest-port are equal",),
        fixes=("give them different ports; the REST port answers WebSocket at /v1/ws as well",),
        example="runner engine serve --ws-port 8080",
    ),
    Entry(
        "E375",
        "An option cannot be read",
        means=(
            "The text of an option does not have its form; the message names the option and "
            "the form."
        ),
        causes=(
            "an amount without its unit",
            "a date in a local form",
        ),
        fixes=("write it as the message says",),
        example="runner engine serve --commission 5",
    ),
    Entry(
        "E376",
        "A currency that the dialect cannot name",
        means=(
            "The frames of the raw dialect do not name the currency of the account: whoever "
            "reads them takes every amount for US dollars. An account in another currency is "
            "therefore not served in it."
        ),
        causes=("exchange.currency is not USD, and --dialect is raw",),
        fixes=("set exchange.currency to USD", "leave --dialect out"),
        example="runner engine serve --dialect raw --set exchange.currency=EUR",
    ),
)
