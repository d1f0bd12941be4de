"""The ASGI entry point, for hosts that prefer one."""

import os

from django.core.asgi import get_asgi_application

from core.fitness import refuse_unfit_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "purelaka.settings")

application = get_asgi_application()
refuse_unfit_settings()
