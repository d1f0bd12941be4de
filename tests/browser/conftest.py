"""A shop on a live server, and visitors whose every page is watched."""

from collections.abc import Callable, Generator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response, expect

from core.testing import run_tasks
from payments.inbox import drain
from stripe_simulator import control
from tests.browser.scene import stock_shelves

PATIENCE_MS = 30_000  # nothing waits that long on an idle machine; on a busy one a page may be late and still right
expect.set_options(timeout=PATIENCE_MS)
VIOLATION = "Content Security Policy"
LISTEN = """
document.addEventListener('securitypolicyviolation', event => console.error(
  `Content Security Policy: ${event.effectiveDirective} blocked ${event.blockedURI} on ${event.documentURI}`));
"""
FILES = {"stylesheet", "image", "font", "script"}


class Watch:
    """What must not happen on any page: a blocked resource, an error in a script, a file that is not there."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def over(self, context: BrowserContext) -> None:
        """Watch every page of a context from now on."""
        context.add_init_script(LISTEN)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(f"script error: {error.error}"))
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if VIOLATION in message.text:
            self.problems.append(message.text)

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type in FILES:
            self.problems.append(f"{response.status} for {response.url}")
        if response.status >= 500 and not response.headers.get("x-told"):
            self.problems.append(f"{response.status} for {response.url}")


@pytest.fixture
def watch() -> Generator[Watch]:
    """The sentinel of a test: it fails in the end if anything was seen."""
    watch = Watch()
    yield watch
    assert watch.problems == []


@pytest.fixture
def shop(live_server: Any, settings: Any) -> str:
    """The address of a running shop; the payment page and Stripe's events come from the same server."""
    settings.STORE_BASE_URL = live_server.url
    settings.STRIPE_SIMULATOR_WEBHOOK_URL = f"{live_server.url}/payments/webhook/"
    settings.STRIPE_SIMULATOR_DELIVER_IN_THREAD = False
    return live_server.url


@pytest.fixture
def shelves(shop: str) -> str:
    """The shop with its catalogue; its address."""
    stock_shelves()
    return shop


@pytest.fixture
def visitor(new_context: Any, watch: Watch) -> Callable[..., Page]:
    """Make somebody with a browser of their own: `visitor(java_script_enabled=False)`."""

    def arrive(**options: Any) -> Page:
        context = new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        watch.over(context)
        return context.new_page()

    return arrive


def let_events_arrive() -> None:
    """Deliver what the simulator has to tell, over HTTP, and let the worker do what follows."""
    control.deliver_all()
    drain()
    run_tasks()
