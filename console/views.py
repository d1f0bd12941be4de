"""The console's own pages: overview, search and settings."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.selectors import user_of
from console.attention import troubles
from console.figures import today_figures
from console.forms import SettingsForm
from console.searching import LONGEST, only_one, search_everything
from console.storing import change_settings
from core.access import staff
from core.days import today
from core.job_health import job_health
from core.models import StoreSetting
from orders.conditions import goods_condition, money_condition
from orders.models import Order
from rbac.navigation import open_places

LATEST = 10


@staff("console")
@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What needs somebody first, then today's figures, the latest orders, and whether the jobs run."""
    user, now, store = user_of(request), timezone.now(), StoreSetting.current()
    sees_orders = user.has_perm("rbac.orders_view")
    jobs = job_health(now) if user.has_perm("rbac.jobs_view") else []
    context = {
        "troubles": troubles(user, store, now=now),
        "sees_orders": sees_orders,
        "figures": today_figures(today()) if user.has_perm("rbac.analytics_view") else [],
        "latest": _latest() if sees_orders else [],
        "jobs": jobs,
        "bad_jobs": [job for job in jobs if job.state in ("failed", "missed")],
        "no_job_runs": bool(jobs) and all(job.state == "missed" for job in jobs),
        "dashboard_url": _url_if_there("analytics:dashboard"),
        "places": [] if sees_orders else [place for place in open_places(user) if place.url_name != "console:home"],
    }
    return render(request, "console/home.html", context)


def _latest() -> list[dict[str, object]]:
    orders = Order.objects.select_related("customer").prefetch_related("lines")[:LATEST]
    return [
        {
            "order": order,
            "money": money_condition(order),
            "goods": goods_condition(order, units_sent=sum(line.quantity_fulfilled for line in order.lines.all())),
        }
        for order in orders
    ]


def _url_if_there(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@staff("console")
@never_cache
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Find an order, a customer, a variant or an event by whatever was pasted; the only hit is opened at once."""
    text = request.GET.get("q", "").strip()[:LONGEST]
    found = search_everything(text, user_of(request))
    if hit := only_one(found):
        return redirect(hit.url)
    return render(request, "console/search.html", {"search_query": text, "found": found})


@staff("settings_manage")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """Show and change the settings of the store."""
    form = SettingsForm.of(StoreSetting.current(), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        changed = change_settings(form.cleaned_data, actor=user_of(request))
        messages.success(request, "The settings are saved." if changed else "Nothing was changed.")
        return redirect("console:settings")
    return render(request, "console/settings.html", {"form": form}, status=422 if form.errors else 200)
