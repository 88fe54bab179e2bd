from __future__ import annotations

import pytest

from runner.errors import ConfigError
from runner.transports.http import HttpClient, place_of, proxy_for


@pytest.fixture(autouse=True)
def proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "inside.example")


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://127.0.0.1:8080", None),
        ("http://localhost:8080", None),
        ("http://[::1]:8080", None),
        ("http://inside.example", None),
        ("https://outside.example", None),
        ("http://outside.example:8080", "http://proxy:3128"),
        ("http://0.0.0.0:8080", "http://proxy:3128"),
    ],
)
def test_C13_loopback_never_goes_through_a_proxy(url: str, proxy: str | None) -> None:
    assert proxy_for(url) == proxy


def test_a_proxy_that_cannot_be_used_is_a_matter_of_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "socks5://proxy:1080")

    with pytest.raises(ConfigError) as caught:
        HttpClient("http://outside.example", headers={}, timeout_s=1.0)

    assert caught.value.id == "E341"


def test_a_password_in_a_proxy_is_not_shown() -> None:
    assert place_of("http://user:secret@proxy:3128/") == "proxy:3128"
