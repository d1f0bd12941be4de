"""Staff pages of the inbox: what Stripe told, taking events up again, and looking for missed ones."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.selectors import user_of
from core.access import staff
from core.errors import DomainError
from payments.backfill import import_missed_for
from payments.errors import GatewayError
from payments.models import WebhookEvent
from payments.replaying import replay_event, replay_events
from payments.webhook_forms import BackfillForm
from payments.webhook_page import EventPage, InboxPage, ReplayPage

LIST = "payments:console_webhooks"


@staff("webhooks_replay")
@never_cache
@require_safe
def webhook_list(request: HttpRequest) -> HttpResponse:
    """Show what Stripe sent, the newest first."""
    return render(request, "payments/console/webhooks.html", {"inbox": InboxPage(request)})


@staff("webhooks_replay")
@never_cache
@require_safe
def webhook_detail(request: HttpRequest, event_id: int) -> HttpResponse:
    """Show one event: what it is about, how often it was tried, what went wrong, and its content."""
    event = get_object_or_404(WebhookEvent, pk=event_id)
    return render(request, "payments/console/webhook.html", {"event": event, "page": EventPage(event)})


@staff("webhooks_replay")
@never_cache
@require_POST
def webhook_replay(request: HttpRequest, event_id: int) -> HttpResponse:
    """Take an event up again."""
    event = get_object_or_404(WebhookEvent, pk=event_id)
    try:
        replay_event(event.pk, reason=request.POST.get("reason", "")[:200], actor=user_of(request))
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "The event is back in the inbox and is taken up within a minute.")
    return redirect("payments:console_webhook", event_id=event.pk)


@staff("webhooks_replay")
@never_cache
@require_POST
def webhooks_replay(request: HttpRequest) -> HttpResponse:
    """Show how many events would be taken up again; with a reason, and if there are still as many, do it."""
    page = ReplayPage(request.POST)
    if not page.is_understood or not page.keys:
        messages.error(request, "Tick at least one event that can be taken up again.")
        return redirect(LIST)
    if page.is_confirmed and page.agrees():
        try:
            done = replay_events(page.keys, reason=page.confirm.cleaned_data["reason"], actor=user_of(request))
        except DomainError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"Events taken up again: {done}. They are worked off within a minute.")
        return redirect(LIST)
    status = 422 if page.is_confirmed else 200
    return render(request, "payments/console/webhooks_replay.html", {"page": page}, status=status)


@staff("webhooks_replay")
@never_cache
@require_POST
def webhooks_import(request: HttpRequest) -> HttpResponse:
    """Ask Stripe for its list of events, and put into the inbox what never came."""
    form = BackfillForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose how far to look back.")
        return redirect(LIST)
    try:
        done = import_missed_for(form.cleaned_data["days"], actor=user_of(request))
    except GatewayError:
        messages.error(request, "Stripe cannot be reached just now. What it listed until then is kept; try again.")
        return redirect(LIST)
    said = f"Stripe lists {done.listed:,} events; {done.imported:,} of them were missing and are in the inbox now."
    if done.is_complete:
        messages.success(request, said)
    else:
        messages.warning(request, f"{said} The list is long: the worker reads the rest of it.")
    return redirect(LIST)
