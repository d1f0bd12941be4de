"""Who may open a page. Every view carries a policy; a view without one fails a test.

Only `rbac` knows which role holds which permission: here `user.has_perm` is asked, nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url

from core.acts import refused

View = Callable[..., HttpResponseBase]
STAFF = "rbac.console"


@dataclass(frozen=True)
class Policy:
    """Who may open a page: anybody, whoever is signed in, or staff with a permission."""

    kind: Literal["public", "signed_in", "staff"]
    permission: str = ""


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for the sign-in, then come back; what was posted is lost, so then to where people land."""
    is_page = request.method in ("GET", "HEAD")
    return redirect_to_login(request.get_full_path() if is_page else resolve_url(settings.LOGIN_REDIRECT_URL))


def public(view: View) -> View:
    """Open to anybody."""
    view.policy = Policy("public")  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Open to whoever is signed in; others are sent to the sign-in page and come back."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    guarded.policy = Policy("signed_in")  # type: ignore[attr-defined]
    return guarded


def staff(permission: str) -> Callable[[View], View]:
    """Open to staff who hold `rbac.<permission>`.

    Anonymous visitors are sent to the sign-in page; customers get 404, as if the page did not exist; staff without the
    permission get 403. Each refusal of somebody signed in is announced to whoever keeps the record of refusals.
    """
    full = f"rbac.{permission}"

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            user = request.user
            if not user.is_authenticated:
                return _to_sign_in(request)
            if not user.has_perm(full):
                refused(request, permission=full)
                if user.has_perm(STAFF):
                    raise PermissionDenied
                raise Http404
            return view(request, *args, **kwargs)

        guarded.policy = Policy("staff", full)  # type: ignore[attr-defined]
        return guarded

    return decorate
