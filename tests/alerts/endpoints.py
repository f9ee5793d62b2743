"""Real servers on this machine for the delivery of alerts: HTTP and SMTP."""

from __future__ import annotations

import asyncio
import email
import email.policy
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Endpoint:
    """An HTTP server that stores requests, and responds as a test says."""

    status: int = 200
    body: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[web.Request, bytes]] = field(default_factory=list)
    silent: asyncio.Event | None = None
    """While it is not set, nothing is answered."""
    raw: bytes = b""
    """Answered instead of `body`, where it is something."""
    flood: bool = False
    """Answers as fast as it can, for ever."""
    drip: bool = False
    """Answers a byte now and then, for ever."""
    came: asyncio.Event = field(default_factory=asyncio.Event)
    """That a request is there."""
    port: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request, await request.read()))
        self.came.set()
        if self.silent is not None:
            await self.silent.wait()
        if self.flood:
            stream = web.StreamResponse()
            await stream.prepare(request)
            with suppress(ConnectionError):
                while True:
                    await stream.write(bytes(1 << 20))
        if self.drip:
            stream = web.StreamResponse()
            await stream.prepare(request)
            for _ in range(1000):
                await stream.write(b".")
                await asyncio.sleep(0.1)
        if self.raw:
            return web.Response(status=self.status, body=self.raw, headers=self.headers)
        return web.Response(status=self.status, text=self.body, headers=self.headers)


@asynccontextmanager
async def endpoint() -> AsyncIterator[Endpoint]:
    served = Endpoint()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", served.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.port = runner.addresses[0][1]
    try:
        yield served
    finally:
        if served.silent is not None:
            served.silent.set()
        await runner.cleanup()


@dataclass
class MailServer:
    """A mail server that requires a password, and stores mails."""

    password: str
    refuse: bool = False
    """Refuses every recipient."""
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    """Recipients, and the mail."""
    port: int = 0

    async def handle_RCPT(  # noqa: N802 – aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse:
            return "550 no such reader"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password == self.password.encode(), handled=False)


@asynccontextmanager
async def mail_server(password: str) -> AsyncIterator[MailServer]:
    served = MailServer(password)

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it takes a password without TLS
            return SMTP(
                served,
                hostname="localhost",
                authenticator=served.authenticate,
                auth_required=True,
                auth_require_tls=False,
            )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        await server.wait_closed()
