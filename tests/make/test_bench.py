"""The benchmarks start as `make` starts them: without settings, which each hands to the shop that it sets up."""

import os
import re
import subprocess
import sys

from tests.architecture.files import ROOT

MODULES = sorted(set(re.findall(r"-m (bench\.\w+)", (ROOT / "Makefile").read_text())))


def test_each_can_be_imported_without_settings():
    assert len(MODULES) > 4
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    statement = "\n".join(f"import {module}" for module in MODULES)
    command = [sys.executable, "-c", statement]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
