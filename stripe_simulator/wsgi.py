"""The simulator as a WSGI application of its own; a thread of it delivers events and lets time pass."""

import logging
import os
import threading
import time

from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stripe_simulator.settings")
application = get_wsgi_application()

from stripe_simulator.control import tick  # noqa: E402 - its models need the applications loaded

logger = logging.getLogger(__name__)
_TICK_SECONDS = 2


def _tick_forever() -> None:
    while True:
        try:
            tick()
        except DatabaseError:
            logger.exception("The simulator could not do what is due.")
        finally:
            connections.close_all()
        time.sleep(_TICK_SECONDS)


threading.Thread(target=_tick_forever, name="stripe-simulator", daemon=True).start()
