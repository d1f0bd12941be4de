"""The WSGI entry point that gunicorn serves."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

from core.fitness import refuse_unfit_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "purelaka.settings")

application = get_wsgi_application()
refuse_unfit_settings()
import_module("core.zones").refuse_another_zone()  # it has a table, so it comes after the apps
