"""The same run gives the same document, whatever the process has drawn for its hashes."""

from __future__ import annotations

import json

from tests.integration.test_cli import SMA, runner

SYMBOLS = "S:AAPL:candle,S:MSFT:candle,S:IBM:candle,S:GOOG:candle"


def test_S14_the_seed_of_hashes_changes_nothing_in_a_run() -> None:
    documents = []
    for seed in ("0", "1", "99"):
        done = runner(
            "run", SMA, "-s", SYMBOLS, "--json", "--set", "exchange.volume_share=0.001%",
            "--set", "exchange.slippage.range_share=5%", PYTHONHASHSEED=seed,
        )  # fmt: skip
        document = json.loads(done.stdout)
        del document["run"]
        documents.append(json.dumps(document))

    assert done.returncode == 0
    assert len(set(documents)) == 1
    assert json.loads(documents[0])["trades"]
