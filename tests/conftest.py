"""The real browser that tests drive: CHROMIUM, or the first one on PATH."""

import pytest

from tools.run_tests import NO_BROWSER, chromium

# A root user's Chromium needs no sandbox; the rest makes two pictures of one page the same.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """The installed Chromium instead of a downloaded one, without a way to other machines."""
    browser = chromium()
    if browser is None:
        pytest.fail(NO_BROWSER)
    return {**browser_type_launch_args, "executable_path": browser, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict) -> dict:
    """A British reader at a desk, who asked for less motion."""
    return {
        **browser_context_args,
        "viewport": {"width": 1280, "height": 800},
        "device_scale_factor": 1,
        "reduced_motion": "reduce",
        "locale": "en-GB",
        "timezone_id": "Europe/London",
    }


@pytest.fixture(scope="session")
def base_url() -> None:
    """Tests name the whole address. (The plug-in's own fixture is written in a way that pytest 9 warns of.)"""
