"""The hosted payment page: what a shopper sees of the simulator."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from stripe_simulator import currencies, delivery, sessions
from stripe_simulator.models import Resource
from stripe_simulator.page_forms import PayForm
from stripe_simulator.sessions import Attempt, Result


class HttpResponseSeeOther(HttpResponseRedirect):
    """After a POST: go there with GET."""

    status_code = 303


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, session_id: str) -> HttpResponse:
    """Show what is to be paid and take a payment; a paid session leads on to the shop."""
    session = _session(session_id)
    if session.data["status"] == "complete":
        return HttpResponseSeeOther(sessions.success_url(session))
    if session.data["status"] == "expired" or sessions.is_overdue(session):
        return render(request, "stripe_simulator/expired.html", _context(session), status=410)
    form = PayForm(request.POST or None, known_email=session.data["customer_email"])
    if request.method == "POST" and form.is_valid():
        attempt = sessions.pay(session_id, form.chosen_card(), email=form.cleaned_data.get("email", ""))
        return _after(attempt)
    status = 422 if request.method == "POST" else 200
    context = _context(session) | {"form": form, "problem": _last_problem(session)}
    return render(request, "stripe_simulator/pay.html", context, status=status)


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def authenticate(request: HttpRequest, session_id: str) -> HttpResponse:
    """The bank's page in a 3-D Secure payment: complete the check or fail it."""
    session = _session(session_id)
    if request.method == "POST":
        return _after(sessions.authenticate(session_id, succeeded=request.POST.get("result") == "complete"))
    intent = Resource.objects.filter(kind="payment_intent", stripe_id=session.data["payment_intent"] or "").first()
    if intent is None or intent.data["status"] != "requires_action" or sessions.is_overdue(session):
        return redirect("stripe_simulator:pay", session_id=session_id)
    return render(request, "stripe_simulator/authenticate.html", _context(session))


def _session(session_id: str) -> Resource:
    session = Resource.objects.filter(kind="checkout.session", stripe_id=session_id).first()
    if session is None:
        raise Http404("There is no such payment page.")
    return session


def _after(attempt: Attempt) -> HttpResponse:
    delivery.deliver_soon()
    session_id = attempt.session.stripe_id
    if attempt.leaves_for_shop:
        return HttpResponseSeeOther(sessions.success_url(attempt.session))
    page = "authenticate" if attempt.result is Result.AUTHENTICATE else "pay"
    response = redirect(f"stripe_simulator:{page}", session_id=session_id)
    response.status_code = 303
    return response


def _last_problem(session: Resource) -> str:
    """What Stripe said about the latest attempt, if it failed: kept with the payment, not in the browser."""
    if not session.data["payment_intent"]:
        return ""
    intent = Resource.objects.get(stripe_id=session.data["payment_intent"])
    error = intent.data["last_payment_error"]
    return error["message"] if error else ""


def _context(session: Resource) -> dict[str, Any]:
    code = session.currency
    lines = [
        {
            "name": line["description"],
            "quantity": line["quantity"],
            "total": currencies.show(line["amount_total"], code),
        }
        for line in session.data["_line_items"]
    ]
    return {
        "session_id": session.stripe_id,
        "store": getattr(settings, "STORE_NAME", "the shop"),
        "lines": lines,
        "total": currencies.show(session.data["amount_total"], code),
        "email": session.data["customer_email"],
        "cancel_url": session.data["cancel_url"],
    }
