"""Asking for the weekly summary, ending it from the console, and ending it from the mail without signing in."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.selectors import user_of
from analytics.figures.reading import currencies
from analytics.summary.subscribing import subscribe, unsubscribe, user_of_link
from core.access import public, staff
from core.money import printable

HOME = "analytics:dashboard"


@staff("analytics_view")
@require_POST
def summary_start(request: HttpRequest) -> HttpResponse:
    """Send the weekly summary to whoever asks, in the currency they see."""
    user, currency = user_of(request), request.POST.get("currency", "").upper()
    if currency not in currencies():
        messages.error(request, f"There are no figures in “{printable(currency)}”; nothing has changed.")
        return redirect(HOME)
    subscribe(user, currency=currency)
    messages.success(request, f"From next Monday on, the summary of each week goes to {user.email}, in {currency}.")
    return redirect(HOME)


@staff("analytics_view")
@require_POST
def summary_end(request: HttpRequest) -> HttpResponse:
    """Send no more summaries to whoever asks."""
    unsubscribe(user_of(request))
    messages.success(request, "You get no more weekly summaries.")
    return redirect(HOME)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def summary_stop(request: HttpRequest, token: str) -> HttpResponse:
    """End the summary from the link of a mail: a page that asks, then one that says it is done."""
    user = user_of_link(token)
    if user is None:
        raise Http404
    if request.method == "POST":
        unsubscribe(user)
    context = {"email": user.email, "is_done": request.method == "POST"}
    return render(request, "analytics/summary_stop.html", context)
