"""`runner doctor` as a user meets it, with real peers and without."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import series
from tests.integration.engine_process import engine
from tests.integration.test_cli import runner


def doctor(*arguments: str, cwd: Path, **environ: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the findings by name."""
    done = runner("doctor", "--json", "--timeout", "2s", *arguments, cwd=cwd, **environ)
    document = json.loads(done.stdout)
    assert document["schema"] == "runner.doctor/1"
    assert document["ok"] is (done.returncode == 0)
    return done.returncode, {one["name"]: one for one in document["findings"]}


def test_without_a_peer_all_is_well(tmp_path: Path) -> None:
    done = runner("doctor", cwd=tmp_path)

    assert done.returncode == 0, done.stdout
    assert "the embedded engine needs none" in " ".join(done.stdout.split())
    assert done.stderr == ""


def test_an_engine_that_serves_is_found_and_begins_nothing(tmp_path: Path) -> None:
    with engine(series(1, 2, 3), once=True) as running:
        code, found = doctor(
            cwd=tmp_path,
            ENGINE_WS_URL=running.server.ws_url,
            ENGINE_REST_URL=running.server.rest_url,
        )
        with running.websocket():  # had the doctor taken the only run, this would be refused
            pass

    assert code == 0, found
    assert found["engine.ws_url"]["status"] == found["engine.rest_url"]["status"] == "ok"
    assert [one for name, one in found.items() if name.startswith("clock of")]


def test_nobody_at_the_address_is_exit_code_6(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

        code, found = doctor(cwd=tmp_path, GATEWAY_URL=url)

    assert code == 6
    assert found["gateway.url"]["status"] == "fail"
    assert "refused" in found["gateway.url"]["said"]


@pytest.mark.parametrize("says", [b"", b"SSH-2.0-something\r\n"], ids=["nothing", "something else"])
def test_a_peer_that_does_not_speak_http_is_exit_code_6(says: bytes, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepted: list[socket.socket] = []

        def serve() -> None:
            accepted.append(listening.accept()[0])
            accepted[0].sendall(says)

        thread = threading.Thread(target=serve)
        thread.start()
        code, found = doctor(
            "--timeout", "500ms", cwd=tmp_path,
            GATEWAY_URL=f"http://127.0.0.1:{listening.getsockname()[1]}",
        )  # fmt: skip
        thread.join()
        accepted[0].close()

    assert (code, found["gateway.url"]["status"]) == (6, "fail")


@contextmanager
def web_server(status: int, date: str) -> Iterator[str]:
    """Serve one status and date to every request; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return date

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_peer_whose_clock_differs_warns(tmp_path: Path) -> None:
    with web_server(200, "Wed, 01 Jan 2020 00:00:00 GMT") as url:
        code, found = doctor(cwd=tmp_path, GATEWAY_URL=url)

    clock = next(one for name, one in found.items() if name.startswith("clock of"))
    assert code == 0
    assert clock["status"] == "warn"
    assert "behind the clock here" in clock["said"]


def test_a_peer_that_is_not_ready_warns(tmp_path: Path) -> None:
    with web_server(503, "no date") as url:
        code, found = doctor(cwd=tmp_path, GATEWAY_URL=url)

    assert (code, found["gateway.url"]["status"]) == (0, "warn")


def test_a_configuration_that_is_wrong_is_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("runtimee: embedded\n")

    code, found = doctor("--config", "wrong.yaml", cwd=tmp_path)

    assert code == 3
    assert "wrong.yaml:1:1" in found["configuration"]["said"]
    assert found["configuration"]["fix"] == "see them all: runner validate-config wrong.yaml"


def test_a_key_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GATEWAY_API_KEY=hush-hush\n")
    (tmp_path / ".env").chmod(0o644)

    done = runner("doctor", cwd=tmp_path)

    assert "hush" not in done.stdout + done.stderr
    assert "chmod 600 .env" in done.stdout
