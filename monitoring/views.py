"""The two addresses that machines ask: is it alive, and is it ready. Neither touches a session."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.access import public
from monitoring.health import readiness


@public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process answers; asks nothing of the database."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@public
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Say, part by part, whether the shop can serve; 503 if it cannot."""
    parts = readiness()
    is_ready = all(part.is_ok for part in parts.values())
    answer = {"ready": is_ready, **{name: part.as_json() for name, part in parts.items()}}
    return JsonResponse(answer, status=200 if is_ready else 503)
