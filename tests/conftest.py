"""What the tests of every part share: real servers on this machine, of the shop and of what alerts are brought to."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from crawler.demo.server import DemoShop
from tests.alerts.endpoints import Endpoint, MailServer, endpoint, mail_server
from tests.alerts.messages import TOKEN

# No deadline: on a loaded machine an example takes a second now and then. Each run has a seed of its own, in CI, too,
# where hypothesis would repeat the same examples for ever; a failure prints how to repeat it.
settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("shared machine")


@pytest.fixture(scope="session", autouse=True)
def _in_utc_and_english() -> Iterator[None]:
    """Let the tests see one time zone and an English locale, whatever those of the machine are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        for variable in ("LC_ALL", "LC_MESSAGES"):
            patch.delenv(variable, raising=False)
        patch.setenv("LANG", "C.UTF-8")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
async def shop() -> AsyncIterator[DemoShop]:
    """Serve a demo shop without faults in the test's own loop."""
    async with DemoShop() as shop:
        yield shop


@pytest.fixture
async def service() -> AsyncIterator[Endpoint]:
    """Serve an HTTP endpoint for alerts."""
    async with endpoint() as served:
        yield served


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    """Serve a mail server that wants the token for a password."""
    async with mail_server(TOKEN) as served:
        yield served
