"""The simulator as a process of its own, on the tables where the benchmark's purchases were paid."""

from purelaka.environment import env
from stripe_simulator.settings import *  # noqa: F403

DATABASES = {"default": {**env.db_url("DATABASE_URL"), "CONN_MAX_AGE": 60}}
