"""docs/alerts.md is correct: the installed Apprise accepts its URLs, and its keys are those of the JSON."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
from apprise import Apprise

from crawler.alerts.alert import AlertKind
from crawler.alerts.channels import channels_of
from crawler.alerts.url_channel import UrlChannel
from tests.alerts.messages import make_alert

TEXT = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text("utf-8")
SETTINGS = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)]
URLS: list[str] = [url for block in SETTINGS for url in block.get("urls", [])]

DUMMIES = {
    "TELEGRAM_TOKEN": "123456789:AAdummy-token_x",
    "TELEGRAM_CHAT": "-1001234567",
    "NTFY_TOKEN": "tk_dummy",
    "MAIL_PASSWORD": "dummy/pass@word:1",
    "HOOK_PASSWORD": "dummy/pass@word:2",
}
"""Tokens in the form that their service gives out; a plain word does for the others."""


def test_there_are_urls() -> None:
    assert {url.partition("://")[0] for url in URLS} >= {"wecombot", "tgram", "barks", "ntfys", "mailtos"}


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # Apprise's own, as it loads its services
@pytest.mark.parametrize("url", URLS)
@pytest.mark.usefixtures("preloaded")
def test_every_url_is_understood(url: str) -> None:
    """With each token in the right place: Apprise returns all of them unchanged."""
    names = re.findall(r"\$\{(\w+)\}", url)
    tokens = {name: DUMMIES.get(name, f"dummy{name.replace('_', '').lower()}") for name in names}
    (channel,) = channels_of([url], None, (), {**os.environ, **tokens})
    assert isinstance(channel, UrlChannel)
    service = Apprise.instantiate(channel.url)
    assert service is not None
    again = unquote(service.url())  # type: ignore[no-untyped-call]
    for token in tokens.values():
        assert token in again
    host = re.search(r"@([\w.]+)", url)
    assert host is None or host[1] in again


def test_every_command_is_a_list_of_words() -> None:
    commands = [block["command"] for block in SETTINGS if "command" in block]
    assert commands
    assert all(isinstance(word, str) for command in commands for word in command)


def test_the_keys_are_those_of_the_json() -> None:
    table = TEXT.split("## JSON")[1]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(make_alert().as_json())
    assert all(f"`{kind.value}`" in table for kind in AlertKind)
