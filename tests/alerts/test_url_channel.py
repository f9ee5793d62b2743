"""Alerts by URL reach a real server completely; error messages reveal no token."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
from collections.abc import Mapping

import pytest

from crawler.alerts.channels import Channel, channels_of
from crawler.alerts.refusals import FinalRefusal, Refusal
from crawler.alerts.url_channel import UrlChannel
from crawler.alerts.wording import Message, messages_of
from crawler.errors import SettingsError
from tests.alerts.endpoints import Endpoint
from tests.alerts.messages import MESSAGE, TOKEN, make_alert

pytestmark = pytest.mark.usefixtures("nothing_leaks", "preloaded")

ENVIRON = {**os.environ, "TOKEN": TOKEN, "no_proxy": "127.0.0.1"}


def channel(url: str, environ: Mapping[str, str] = ENVIRON) -> UrlChannel:
    (found,) = channels_of([url], None, (), environ)
    assert isinstance(found, UrlChannel)
    return found


async def deliver(to: Channel, message: Message = MESSAGE) -> str | None:
    return await asyncio.to_thread(to.deliver, message)


async def test_ntfy_arrives_whole(service: Endpoint) -> None:
    to = channel(f"ntfy://reader:${{TOKEN}}@127.0.0.1:{service.port}/books")
    assert to.name == "urls[1] (ntfy)"
    assert await deliver(to) is None
    ((request, body),) = service.requests
    assert base64.b64decode(request.headers["Authorization"].split()[1]).decode() == f"reader:{TOKEN}"
    assert json.loads(body) == {"topic": "books", "title": MESSAGE.title, "message": MESSAGE.text}
    assert not any("github" in value for value in request.headers.values())  # no logo of Apprise's


async def test_a_token_in_a_path_stays_one_part_of_it(service: Endpoint) -> None:
    to = channel(f"json://127.0.0.1:{service.port}/a/${{TOKEN}}/b", {**ENVIRON, "TOKEN": "x@y/../z?q#f"})
    assert await deliver(to) is None
    assert service.requests[0][0].path.startswith("/a/x")
    assert service.requests[0][0].query_string == ""


async def test_a_service_that_fails_is_served_later(service: Endpoint) -> None:
    """The reason is the status in plain words; the same channel then delivers."""
    to = channel(f"json://reader:${{TOKEN}}@127.0.0.1:{service.port}/${{TOKEN}}")
    service.status, service.body = 500, f"cannot take {TOKEN}"
    assert await deliver(to) == "it responded 500 Internal Server Error"
    assert len(service.requests) == 1  # what is tried again is not Apprise's to say
    service.status = 200
    assert await deliver(to) is None


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, "", "it responded 401 Unauthorized"),
        (302, "", "it responded 302 Found"),
        (200, '{"errcode": 93000, "errmsg": "invalid webhook url"}', "refused with errcode 93000"),
        (200, '{"errcode": 0, "errmsg": "ok"}', None),
        (200, '{"errcode": "x"}', None),
        (200, "[]", None),
    ],
)
async def test_what_a_service_answers_counts(
    service: Endpoint, status: int, body: str, reason: str | None
) -> None:
    """A redirect delivers nothing, because requests would turn it into a GET; nor does a 200 with an error code."""
    service.status, service.body = status, body
    if status == 302:
        service.headers = {"Location": "/elsewhere"}
    to = channel(f"json://${{TOKEN}}@127.0.0.1:{service.port}/?optional=yes&retry=5")
    assert await deliver(to) == reason
    assert len(service.requests) == 1


async def test_nobody_answers() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        to = channel(f"json://${{TOKEN}}@127.0.0.1:{unheard.getsockname()[1]}/")
        why = await deliver(to)
        assert why == "nothing responds at that address"
        assert not isinstance(why, Refusal)


async def test_a_host_that_is_none() -> None:
    assert await deliver(channel("json://${TOKEN}@nowhere.invalid/")) == "no such host"


async def test_a_service_that_speaks_no_tls(service: Endpoint) -> None:
    to = channel(f"jsons://${{TOKEN}}@127.0.0.1:{service.port}/")
    assert await deliver(to) == "no secure connection could be made"


async def test_a_silent_service_is_not_waited_for_long(service: Endpoint) -> None:
    service.silent = asyncio.Event()
    to = channel(f"json://${{TOKEN}}@127.0.0.1:{service.port}/?rto=1")
    assert await deliver(to) == "its response took too long"


async def test_an_answer_that_is_not_what_it_says(service: Endpoint) -> None:
    service.raw, service.headers = b"no gzip", {"Content-Encoding": "gzip"}
    assert (
        await deliver(channel(f"json://127.0.0.1:{service.port}/")) == "its response cannot be decompressed"
    )


async def test_redirects_without_end(service: Endpoint) -> None:
    """Where the URL asks for redirects to be followed."""
    service.status, service.headers = 307, {"Location": "/again"}
    to = channel(f"json://127.0.0.1:{service.port}/?redirect=yes")
    assert await deliver(to) in {"too many redirects", "it responded 307 Temporary Redirect"}
    assert len(service.requests) <= 31


@pytest.mark.parametrize(
    ("status", "kind"),
    [(422, FinalRefusal), (413, FinalRefusal), (401, Refusal), (429, Refusal), (500, Refusal)],
)
async def test_an_answer_is_a_refusal(service: Endpoint, status: int, kind: type[Refusal]) -> None:
    """Some concern the message permanently, others may concern the token or the time."""
    service.status = status
    assert type(await deliver(channel(f"json://127.0.0.1:{service.port}/"))) is kind


async def test_long_messages_are_split_not_refused(service: Endpoint) -> None:
    """Everything arrives, in parts of a size that the service accepts, in quick succession."""
    alerts = [
        make_alert(title="书" * 100, remarks=("备注" * 50,), product_id=str(number)) for number in range(9)
    ]
    (message,) = messages_of(alerts)
    assert await deliver(channel(f"ntfy://127.0.0.1:{service.port}/books"), message) is None
    parts = [json.loads(body)["message"] for _, body in service.requests]
    assert len(parts) > 1
    assert max(len(part.encode()) for part in parts) <= 4096
    assert "".join("".join(parts).split()) == "".join(message.text.split())


async def test_a_proxy_of_the_environment_is_used(service: Endpoint) -> None:
    environ = {name: value for name, value in ENVIRON.items() if name.lower() != "no_proxy"}
    environ["http_proxy"] = f"http://127.0.0.1:{service.port}"
    assert await deliver(channel("json://example.invalid/hook", environ)) is None
    assert service.requests[0][0].headers["Host"] == "example.invalid"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ntfys://${MISSING}@ntfy.sh/x", r"urls\[1\] \(ntfys\): the environment variable MISSING is not set"),
        ("ntfys://${EMPTY}@ntfy.sh/x", r"the environment variable EMPTY is not set"),
        ("ntfys://${LINE}@ntfy.sh/x", r"the environment variable LINE contains a line break"),
        ("ntfys://${TOKEN", r"\$\{ must be followed"),
        ("ntfys://${1}", r"\$\{ must be followed"),
        ("${TOKEN}", r"urls\[1\] must begin with a service"),
        ("s3cr3t", r"urls\[1\] must begin with a service"),
        ("ntfys:// s3cr3t", r"urls\[1\] \(ntfys\): it contains a space"),
        ("nothing://s3cr3t", r"urls\[1\] \(nothing\): Apprise has no such service"),
        ("tgram://s3cr3t", r"urls\[1\] \(tgram\): Apprise does not understand the URL"),
        ("TGRAM://${TOKEN}", r"urls\[1\] \(tgram\): Apprise does not understand the URL"),
        ("https://s3cr3t.example.org/x", r"urls\[1\] \(https\): Apprise does not understand the URL"),
    ],
)
def test_a_wrong_url_is_told_beforehand(url: str, message: str) -> None:
    """By its number and scheme, without any other part."""
    environ = {**ENVIRON, "EMPTY": "", "LINE": "s3cr3t\n"}
    with pytest.raises(SettingsError, match=message) as error:
        channels_of([url], None, (), environ)
    chain = [error.value, error.value.__cause__, error.value.__context__]
    assert "s3cr3t" not in repr(chain)


def test_the_second_of_two_wrong_urls_is_named_by_its_number() -> None:
    with pytest.raises(SettingsError, match=r"^urls\[2\] \(tgram\): "):
        channels_of(["ntfys://topic", "tgram://x"], None, (), ENVIRON)


def test_a_channel_shows_no_secret_and_keeps_its_key() -> None:
    """The key depends on the URL as written: another token or place keeps it, another text does not."""
    first = channel("ntfys://${TOKEN}@ntfy.sh/x")
    _, second = channels_of(
        ["ntfys://y", "ntfys://${TOKEN}@ntfy.sh/x"], None, (), {**ENVIRON, "TOKEN": "other"}
    )
    assert "s3cr3t" not in repr(first)
    assert (first.name, second.name) == ("urls[1] (ntfys)", "urls[2] (ntfys)")
    assert first.key == second.key
    assert len(first.key) == 16
    assert int(first.key, 16)
    assert channel("ntfys://${TOKEN}@ntfy.sh/xy").key != first.key
    with pytest.raises(SettingsError, match=r"urls\[2\] \(ntfys\) repeats urls\[1\]"):
        channels_of(["ntfys://x", "ntfys://x"], None, (), ENVIRON)
