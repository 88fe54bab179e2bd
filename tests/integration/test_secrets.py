"""Fifty secrets in every place that one may be given, and none of them in anything that comes out.

Each secret is a text of its own, so that a failure names the place it was given in.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.gateway import gateway
from tests.integration.peer import Client
from tests.integration.terminal import BACK, terminal
from tests.integration.test_cli import runner

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy")
KEYS = {
    "GATEWAY_API_KEY": "gateway.api_key",
    "RUNNER_ENGINE__TOKEN": "engine.token",
    "RUNNER_METRICS__TOKEN": "metrics.token",
}
ADDRESSES = ("ENGINE_WS_URL", "ENGINE_REST_URL", "GATEWAY_URL", "RUNNER_GATEWAY__URL")
MISSPELT = (
    *("gateway.api_kee", "gateway.apikey", "gateway.api-key"),
    *("engine.tokn", "metrics.tokens", "metrics.toke"),
)
ODD = {
    "quotes": "canary \"quoted' \\ twice",
    "an address": "canary/with?parts&more=#%20",
    "letters": "kanarienvögel-schlüssel",
    "a page": "<canary>&amp;</canary>",
    "digits": "0123456789-9876543210",
}


def secret(place: str) -> str:
    """Return the secret that is given at a place: nobody would write it by chance."""
    return "canary-" + hashlib.sha256(place.encode()).hexdigest()[:24]


SECRETS = {
    **{name: secret(name) for name in KEYS},
    **{f".env {name}": secret(f".env {name}") for name in KEYS},
    **{f"file {key}": secret(f"file {key}") for key in KEYS.values()},
    **{f"flag {key}": secret(f"flag {key}") for key in KEYS.values()},
    **{name: secret(name) for name in (*PROXIES, *map(str.upper, PROXIES))},
    **{f"user of {name}": secret(f"user of {name}") for name in PROXIES},
    **{f"login in {name}": secret(f"login in {name}") for name in ADDRESSES},
    **{f"login in .env {name}": secret(f"login in .env {name}") for name in ADDRESSES},
    **{f"login in a file {name}": secret(f"login in a file {name}") for name in ADDRESSES},
    **{name: secret(name) for name in MISSPELT},
    **ODD,
}

TALKER = """
import json, logging, os, sys, urllib.parse
from runner import Strategy, param

KEYS = [os.environ[name] for name in {names!r} if name in os.environ]
print("loading with", KEYS)

class Talker(Strategy):
    default_subscriptions = ("S:AAPL:candle",)
    how: str = param("say", help="what to do")
    seen = 0

    def on_candle(self, candle):
        self.seen += 1
        for key in KEYS:
            if self.seen == 30:
                print("the key is", key, json.dumps(key), urllib.parse.quote(key, safe=""))
                print("the key is", key, file=sys.stderr)
                logging.getLogger("mine").warning("logged: %s", key)
                self.buy(quantity=1, reason="because of " + key)
            if self.seen == 40 and self.how == "raise":
                raise ValueError("cannot log in with " + key)
            if self.seen == 40 and self.how == "crash":
                import runner.app.run
                def broken(*args, **more):
                    raise RuntimeError("unforeseen: " + key)
                runner.app.run.build_result = broken
            if self.seen == 41:
                self.close(reason="closed for " + key)
"""


def shown(text: str) -> list[str]:
    """Return the places whose secrets stand in a text, however they are written there."""
    return [
        place
        for place, one in SECRETS.items()
        if any(form in text for form in (one, json.dumps(one)[1:-1], quote(one, safe="")))
    ]


def left_in(folder: Path) -> dict[str, list[str]]:
    """Return the files of a folder that hold secrets, but for those that they were given in."""
    found = {}
    for file in folder.rglob("*"):
        if file.is_file() and file.name not in (".env", "settings.yaml", "odd.yaml"):
            data = file.read_bytes()
            text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode(
                errors="replace"
            )
            if shown(text):
                found[str(file)] = shown(text)
    return found


def environ() -> dict[str, str]:
    return {
        **{name: SECRETS[name] for name in KEYS},
        **{
            name: f"http://{SECRETS[f'user of {name.lower()}']}:{SECRETS[name]}@127.0.0.1:9"
            for name in (*PROXIES, *map(str.upper, PROXIES))
        },
        "RUNNER_CONNECTION__MAX_ATTEMPTS": "1",
        "RUNNER_RECORDS__ENABLED": "true",
        "RUNNER_RECORDS__EVENTS": "true",
    }


def prepared(folder: Path) -> Path:
    """Write a strategy, a configuration and a `.env`, with a secret wherever one may stand."""
    (folder / "talker.py").write_text(TALKER.format(names=(*KEYS, "ODD")))
    (folder / ".env").write_text("".join(f"{name}={SECRETS[f'.env {name}']}\n" for name in KEYS))
    lines = ["strategy: talker.py"]
    for key in KEYS.values():
        section, _, name = key.partition(".")
        lines += [f"{section}:", f"  {name}: {SECRETS[f'file {key}']}"]
    (folder / "settings.yaml").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with two runs in it: one to its end, and one that failed."""
    folder = prepared(tmp_path_factory.mktemp("secrets"))
    for how, code in (("say", 0), ("raise", 5)):
        done = runner("run", "-c", "settings.yaml", "-p", f"how={how}", cwd=folder, **environ())
        assert (done.returncode, shown(done.stdout + done.stderr)) == (code, []), done.stderr
    yield folder
    assert left_in(folder) == {}


COMMANDS = (
    "run -c settings.yaml -vv --ui plain --junit junit.xml --report report.html",
    "run -c settings.yaml -vv --json --log-format json --report report.md",
    "run -c settings.yaml --ui json --report report.txt",
    "run -c settings.yaml -p how=raise --junit failed.xml",
    "run -c settings.yaml -p how=raise --json --log-format json",
    "run -c settings.yaml -p how=crash",
    "run -c settings.yaml -p how=crash --log-format json",
    "run -c settings.yaml -q",
    "smoke talker.py",
    "validate-config settings.yaml",
    "validate-config settings.yaml --format json",
    "doctor --config settings.yaml",
    "doctor --config settings.yaml --json",
    "strategies talker.py",
    "strategies talker.py --json",
    "new another.py",
    "explain E301",
    "replay last",
    "report last --output page.html",
    "report last --format text",
    "halt",
    "flatten --symbols S:AAPL",
    "explain-order last r-1",
    "runs",
    "runs --json",
    "runs show last",
    "runs show last --json",
    "runs diff last~1 last",
    "runs export last --format json",
    "runs export last --format csv",
    "runs note last a_note",
    "data sample made.csv",
    "--help",
    "run --help",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_X1_no_command_shows_a_secret(recorded: Path, command: str) -> None:
    done = runner(*command.split(), cwd=recorded, **environ(), GITHUB_ACTIONS="true")

    assert shown(done.stdout + done.stderr) == []
    assert done.returncode != 2, done.stderr  # it was not understood


@pytest.mark.parametrize(
    ("form", "how"), [*((form, "text") for form in ODD), ("quotes", "json"), ("letters", "json")]
)
def test_X1_a_secret_is_hidden_in_every_spelling(tmp_path: Path, form: str, how: str) -> None:
    prepared(tmp_path)
    (tmp_path / "settings.yaml").unlink()
    (tmp_path / "odd.yaml").write_text(
        f"strategy: talker.py\nengine:\n  token: {json.dumps(ODD[form])}\n"
    )

    done = runner(
        *("run", "-c", "odd.yaml", "--log-format", how, "--json", "--report", "page.html"),
        cwd=tmp_path,
        RUNNER_RECORDS__ENABLED="true",
        ODD=ODD[form],
    )

    assert done.returncode == 0, done.stderr
    assert shown(done.stdout + done.stderr) == []
    kept = "".join(one.read_text() for one in (tmp_path / ".runner").rglob("orders.jsonl"))
    assert "because of ********" in kept
    assert left_in(tmp_path) == {}


@pytest.mark.parametrize("how", ["variable", "dotenv", "file", "flag"])
@pytest.mark.parametrize("command", ["run", "validate-config"])
def test_X1_a_problem_with_the_configuration_shows_no_secret(
    tmp_path: Path, command: str, how: str
) -> None:
    prepared(tmp_path)
    extra, flags = {}, []
    if how == "variable":
        extra = {name: f"ws://me:{SECRETS[f'login in {name}']}@host:1" for name in ADDRESSES}
    elif how == "dotenv":
        with (tmp_path / ".env").open("a") as file:
            for name in ADDRESSES:
                file.write(f"{name}=ftp://{SECRETS[f'login in .env {name}']}@host:1\n")
    elif how == "file":
        lines = [
            f"{name.lower()}: x://{SECRETS[f'login in a file {name}']}@y" for name in ADDRESSES
        ]
        for key in MISSPELT:
            section, _, name = key.partition(".")
            lines += [f"{section}:", f"  {name}: {SECRETS[key]}"]
        with (tmp_path / "settings.yaml").open("a") as file:
            file.write("\n".join(lines) + "\n")
    elif command == "run":
        for key in KEYS.values():
            flags += ["--set", f"{key}={SECRETS[f'flag {key}']}"]
        flags += ["--set", "seed=none"]
    else:
        extra = {"RUNNER_SEED": "none"}
    name = ("-c", "settings.yaml") if command == "run" else ("settings.yaml",)

    done = runner(command, *name, *flags, cwd=tmp_path, **environ() | extra)

    assert done.returncode == 3, done.stdout + done.stderr
    assert shown(done.stdout + done.stderr) == []


def test_X1_no_flag_that_was_typed_is_in_the_record_of_its_run(tmp_path: Path) -> None:
    prepared(tmp_path)
    flags = [f"--set={key}={SECRETS[f'flag {key}']}" for key in KEYS.values()]

    done = runner("run", "-c", "settings.yaml", *flags, cwd=tmp_path, **environ())

    assert done.returncode == 0, done.stderr
    assert shown(done.stdout + done.stderr) == []
    assert left_in(tmp_path) == {}


def test_X1_the_dashboard_shows_no_secret(tmp_path: Path) -> None:
    prepared(tmp_path)

    with terminal(
        *("run", "-c", "settings.yaml", "--speed", "300", "-vv"),
        size=(200, 50),
        cwd=tmp_path,
        **environ(),
    ) as screen:
        screen.wait_for("because of ********")
        screen.press("q")
        screen.finish()

    assert BACK in screen.raw
    assert shown(screen.raw.decode(errors="replace")) == []
    assert left_in(tmp_path) == {}


def test_X1_a_live_run_keeps_no_secret_in_its_journal(tmp_path: Path) -> None:
    prepared(tmp_path)

    def script(client: Client) -> None:
        client.candles(*range(45))
        client.wait_until_closed()

    with gateway(script) as made:
        done = made.run(tmp_path, "run", "talker.py", "--max-events", "45", **environ())

    kept = "".join(one.read_text() for one in (tmp_path / ".runner" / "live").rglob("*.jsonl"))
    assert "because of ********" in kept, done.stderr
    assert f"Bearer {SECRETS['GATEWAY_API_KEY']}" in made.book.authorization
    assert shown(done.stdout + done.stderr) == []
    assert left_in(tmp_path) == {}


def test_there_are_fifty_of_them() -> None:
    assert len(set(SECRETS.values())) == len(SECRETS) >= 50
