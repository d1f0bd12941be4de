"""The environment that settings are read from: the process's own, and below it `.env` beside `manage.py`."""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
if not env.bool("PURELAKA_NO_ENV_FILE", default=False):
    environ.Env.read_env(str(BASE_DIR / ".env"))
