"""Alerts by mail reach a real mail server, with a password, in Chinese."""

from __future__ import annotations

import asyncio
import os

import pytest

from crawler.alerts.channels import Channel, channels_of
from tests.alerts.endpoints import MailServer
from tests.alerts.messages import MESSAGE, TOKEN

pytestmark = pytest.mark.usefixtures("nothing_leaks", "preloaded")


def mailbox(port: int, password: str = TOKEN) -> Channel:
    url = f"mailto://shop:${{MAIL_PASSWORD}}@127.0.0.1:{port}?from=shop@example.org&to=reader@example.org"
    (found,) = channels_of([url], None, (), {**os.environ, "MAIL_PASSWORD": password})
    return found


async def test_a_mail_arrives_whole(mail: MailServer) -> None:
    assert await asyncio.to_thread(mailbox(mail.port).deliver, MESSAGE) is None
    ((recipients, message),) = mail.mails
    assert recipients == ["reader@example.org"]
    assert message["Subject"] == MESSAGE.title
    assert "shop@example.org" in message["From"]
    assert message.get_content_type() == "text/plain"
    assert message.get_content().strip() == MESSAGE.text


async def test_a_server_that_refuses_is_served_later(mail: MailServer) -> None:
    """A wrong password and a refused reader are told by the server's code."""
    refused = await asyncio.to_thread(mailbox(mail.port, f"not {TOKEN}").deliver, MESSAGE)
    assert refused == "the mail server refused with 535"
    mail.refuse = True
    to = mailbox(mail.port)
    assert await asyncio.to_thread(to.deliver, MESSAGE) == "the mail server refused with 550"
    assert mail.mails == []
    mail.refuse = False
    assert await asyncio.to_thread(to.deliver, MESSAGE) is None
    assert len(mail.mails) == 1


async def test_no_server_is_there(mail: MailServer) -> None:
    unused = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = unused.sockets[0].getsockname()[1]
    unused.close()
    await unused.wait_closed()
    assert await asyncio.to_thread(mailbox(port).deliver, MESSAGE) == "nothing responds at that address"
