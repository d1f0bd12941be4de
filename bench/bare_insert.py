"""The yardstick for the inbox: a Django view without middleware that verifies nothing and inserts one row."""

import os
import secrets

import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

settings.configure(
    SECRET_KEY=secrets.token_hex(),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[],
    INSTALLED_APPS=[],
    DEBUG=False,
    DATABASES={"default": environ.Env.db_url_config(os.environ["DATABASE_URL"]) | {"CONN_MAX_AGE": 60}},
)


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    """The least that Django can do to keep what is sent to it."""
    if request.method == "POST":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_bare (body) VALUES (%s)", [request.body.decode()])
    return HttpResponse()


urlpatterns = [path("", insert), path("payments/webhook/", insert)]
application = get_wsgi_application()
