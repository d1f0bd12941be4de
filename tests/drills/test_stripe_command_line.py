"""Stripe's own command-line client against the served simulator: what it triggers ends worked off in the inbox."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from payments.inbox import drain
from payments.models import WebhookEvent
from tests.drills import serving
from tests.served_stripe import ServedStripe

pytestmark = [
    pytest.mark.drill,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Stripe's client is installed with npm, which is not here."),
]
PACKAGE = "@stripe/cli"
EVENTS = (
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.requires_action",
    "charge.refunded",
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The official client, installed for this run only."""
    directory = tmp_path_factory.mktemp("npm")
    install = ["npm", "install", "--prefix", str(directory), "--no-audit", "--no-fund", PACKAGE]
    done = subprocess.run(install, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return directory / "node_modules" / ".bin" / "stripe"


@pytest.fixture
def served(live_server: Any, tmp_path: Path) -> Iterator[ServedStripe]:
    with ServedStripe(tmp_path, webhook=f"{live_server.url}/payments/webhook/") as process:
        yield process


def trigger(client: Path, event: str, served: ServedStripe) -> str:
    """Run `stripe trigger`; what it says."""
    command = [str(client), "trigger", event, "--api-base", served.url]
    command += ["--config", str(served.directory / "config.toml")]
    environment = serving.bare_environment() | {
        "PATH": f"{Path(shutil.which('npm') or '').parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "STRIPE_API_KEY": served.environment["STRIPE_SECRET_KEY"],
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def is_worked_off(event: str) -> bool:
    """Work off what has come; whether this event was among it."""
    drain()
    return WebhookEvent.objects.filter(type=event, state=WebhookEvent.State.PROCESSED).exists()


@pytest.mark.parametrize("event", EVENTS)
def test_what_the_client_triggers_ends_worked_off_in_the_inbox(client: Path, served: ServedStripe, event: str) -> None:
    assert "Trigger succeeded" in trigger(client, event, served)

    serving.wait_until(
        lambda: is_worked_off(event),
        why=lambda: str(list(WebhookEvent.objects.values_list("type", "state", "last_error"))),
    )
    assert not WebhookEvent.objects.exclude(state=WebhookEvent.State.PROCESSED).exclude(last_error="").exists()
