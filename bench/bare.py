"""The yardstick: one Django view without middleware, templates or database, served like the shop."""

import secrets

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY=secrets.token_hex(),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[],
    INSTALLED_APPS=[],
    DEBUG=False,
)


def hello(_request: HttpRequest) -> HttpResponse:
    """The least that Django can answer."""
    return HttpResponse("hello")


urlpatterns = [path("", hello)]
application = get_wsgi_application()
