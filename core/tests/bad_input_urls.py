"""Pages that read, echo and break, for the tests of what stands before every page."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST


def echo(request: HttpRequest) -> HttpResponse:
    """What came, as text."""
    return HttpResponse(f"{request.GET.dict()} {request.POST.dict()}")


@csrf_exempt
def raw(request: HttpRequest) -> HttpResponse:
    """How long the body was."""
    return HttpResponse(str(len(request.body)))


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Something that a link must not do."""
    return HttpResponse("done")


def broken(request: HttpRequest) -> HttpResponse:
    """A bug with somebody's data in its message."""
    raise RuntimeError("secret of shopper@example.com")


urlpatterns = [
    path("echo/", echo),
    path("raw/", raw),
    path("act/", act),
    path("broken/", broken),
    path("", include("purelaka.urls")),
]
handler400 = "core.views.bad_request"
handler403 = "core.views.forbidden"
handler404 = "core.views.not_found"
handler500 = "core.views.server_error"
