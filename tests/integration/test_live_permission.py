"""Who may trade at a gateway: real money takes `--live`, the account's name, and a bound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.gateway import SIZE, gateway
from tests.integration.peer import Client
from tests.integration.terminal import terminal
from tests.integration.test_cli import SMA, runner

LIVE = "alpaca-live/USD"


def one_candle(client: Client) -> None:
    client.connected()
    client.candles(0)
    client.ack()
    client.socket.close()


@pytest.mark.parametrize("platform", ["mock", "alpaca-paper", "binance-spot-testnet", "tektii"])
def test_paper_money_needs_no_consent(tmp_path: Path, platform: str) -> None:
    with gateway(one_candle, platforms=[platform]) as peer:
        done = peer.run(tmp_path, "run", SMA, "--json", "--max-events", "1")

    assert done.returncode == 0, done.stderr
    runtime = json.loads(done.stdout)["runtime"]
    assert (runtime["mode"], runtime["account"]) == ("paper", f"{platform}/USD")
    assert f"PAPER: {platform}/USD" in done.stderr


@pytest.mark.parametrize(
    "platforms",
    [["alpaca-live"], ["mock", "alpaca-live"], ["something-new"], [], None],
    ids=["live", "paper and live", "unheard of", "none", "not told"],
)
def test_what_is_not_known_to_be_paper_needs_live(
    tmp_path: Path, platforms: list[str] | None
) -> None:
    with gateway(one_candle, platforms=platforms) as peer:
        done = peer.run(tmp_path, "run", SMA, **SIZE)

    assert (done.returncode, done.stdout) == (3, "")
    assert "error[E345]" in done.stderr
    assert (peer.peer.connections, peer.writes) == (0, [])


def test_real_money_is_traded_with_both_consents(tmp_path: Path) -> None:
    with gateway(one_candle, platforms=["alpaca-live"]) as peer:
        done = peer.run(
            tmp_path, "run", SMA, "--live", "--max-events", "1", "--json",
            RUNNER_GATEWAY__ACCOUNT=LIVE, **SIZE,
        )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert f"LIVE: {LIVE}" in done.stderr
    assert json.loads(done.stdout)["runtime"]["mode"] == "live"


@pytest.mark.parametrize(
    ("environ", "id", "said"),
    [
        (SIZE, "E347", f"nobody has confirmed the account {LIVE}"),
        ({**SIZE, "RUNNER_GATEWAY__ACCOUNT": "alpaca-paper/USD"}, "E346", f"trades {LIVE}"),
        ({"RUNNER_GATEWAY__ACCOUNT": LIVE}, "E348", "nothing limits how much money"),
    ],
    ids=["not confirmed", "another account", "no size"],
)
def test_real_money_without_one_of_them_exits_3(
    tmp_path: Path, environ: dict[str, str], id: str, said: str
) -> None:
    with gateway(one_candle, platforms=["alpaca-live"]) as peer:
        done = peer.run(tmp_path, "run", SMA, "--live", **environ)

    assert done.returncode == 3
    assert f"error[{id}]" in done.stderr
    assert said in done.stderr
    assert peer.peer.connections == 0


def test_paper_money_of_another_account_is_refused_too(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        done = peer.run(tmp_path, "run", SMA, RUNNER_GATEWAY__ACCOUNT=LIVE)

    assert done.returncode == 3
    assert "the gateway trades mock/USD, gateway.account is alpaca-live/USD" in done.stderr


@pytest.mark.parametrize(("typed", "code"), [(LIVE, 0), ("yes", 3)])
def test_the_account_is_typed_in_a_terminal(tmp_path: Path, typed: str, code: int) -> None:
    with gateway(one_candle, platforms=["alpaca-live"]) as peer:
        environ = {"GATEWAY_URL": peer.url, "SUBSCRIPTIONS": "S:AAPL:candle", **SIZE}
        with terminal("run", SMA, "--live", "--max-events", "1", cwd=tmp_path, **environ) as shown:
            shown.wait_for(f"Type {LIVE}")
            shown.press(f"{typed}\n")

            assert shown.finish() == code


def test_live_without_a_gateway_is_told() -> None:
    done = runner("run", SMA, "--live")

    assert done.returncode == 3
    assert "error[E344]: --live, but the runtime is embedded" in done.stderr
