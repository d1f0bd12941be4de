"""A kind of message for tests, and the tasks' fixture."""

from copy import deepcopy
from pathlib import Path

import pytest

from core.testing import run_tasks_fixture  # noqa: F401


@pytest.fixture
def trial_kind(settings):
    """Make the templates of the kinds `trial` (text and HTML) and `bare` (text only) known."""
    templates = deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [Path(__file__).parent / "templates", *templates[0]["DIRS"]]
    settings.TEMPLATES = templates
