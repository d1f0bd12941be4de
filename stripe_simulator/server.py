"""The simulator as a server of its own: Stripe's API over HTTP beside the payment page."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.static import serve

from stripe_simulator import delivery
from stripe_simulator.api import handle


@csrf_exempt  # callers prove themselves with an API key, never with a cookie
def api(request: HttpRequest, rest: str) -> HttpResponse:
    """Answer one API request; a fault that breaks the connection becomes a bare 504."""
    url = request.build_absolute_uri()
    try:
        status, headers, body = handle(request.method or "GET", url, request.headers, request.body)
    except (TimeoutError, ConnectionResetError):
        return HttpResponse(status=504)
    delivery.deliver_soon()
    return HttpResponse(body, status=status, headers=headers)


urlpatterns = [
    path("", include("stripe_simulator.urls")),
    path("v1/<path:rest>", api),
    path("static/<path:path>", serve, {"document_root": Path(__file__).parent / "static"}),
]
