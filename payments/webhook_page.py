"""What the pages of the inbox show: the events that were asked for, one of them, and what is about to be taken up."""

import json
from functools import cached_property

from django.core.paginator import Page
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, QueryDict

from core.http import paginate
from orders.models import Order
from payments.models import WebhookEvent
from payments.payment_events import payment_of
from payments.replaying import MOST_AT_ONCE, REPLAYABLE
from payments.webhook_forms import (
    DEAD,
    SELECTED,
    BackfillForm,
    ChosenForm,
    ConfirmReplayForm,
    ReplayForm,
    WebhookFilterForm,
)


def find_events(text: str = "", state: str = "") -> "QuerySet[WebhookEvent]":
    """Return events by their id or their object's, or by the beginning of their type; without their content."""
    events = WebhookEvent.objects.defer("payload")
    if state:
        events = events.filter(state=state)
    if text:
        events = events.filter(Q(stripe_event_id=text) | Q(object_id=text) | Q(type__startswith=text))
    return events


class InboxPage:
    """The list of events, narrowed by the query string."""

    def __init__(self, request: HttpRequest) -> None:
        self.form = WebhookFilterForm(request.GET)
        self.form.is_valid()
        asked = self.form.usable()
        self.text, self.state = asked.get("q", ""), asked.get("state", "")
        self.events: Page = paginate(request, find_events(self.text, self.state))
        self.backfill = BackfillForm()

    @property
    def is_narrowed(self) -> bool:
        """Whether less than everything is shown."""
        return bool(self.text or self.state)

    @cached_property
    def given_up(self) -> int:
        """How many of the events that the search finds were given up."""
        if self.state and self.state != WebhookEvent.State.DEAD:
            return 0
        return find_events(self.text, WebhookEvent.State.DEAD).count()

    @property
    def given_up_words(self) -> str:
        """What the button says that takes all of those up again."""
        return f"Take up every {'match' if self.text else 'event'} given up ({self.given_up:,})"


class EventPage:
    """One event: its order if it has one, its attempts, and its content."""

    def __init__(self, event: WebhookEvent) -> None:
        self.event = event
        self.form = ReplayForm()
        self.failures = list(event.failures.all())

    @cached_property
    def order(self) -> Order | None:
        """The order that the event is about, if it is about one."""
        try:
            payment = payment_of(self.event.subject)
        except (ValueError, LookupError, TypeError, AttributeError):  # its content is not what Stripe sends
            return None
        return payment.order if payment else None

    @property
    def content(self) -> str:
        """Its content with one entry a line; as it came, if it is no JSON."""
        try:
            return json.dumps(json.loads(self.event.payload), indent=2, ensure_ascii=False)
        except ValueError:
            return self.event.payload


class ReplayPage:
    """What is about to be taken up again: how many events, of which types, and what stays as it is."""

    def __init__(self, posted: QueryDict) -> None:
        self.chosen = ChosenForm(posted)
        self.is_confirmed = "confirm" in posted
        self.is_understood = self.chosen.is_valid()
        self.confirm = ConfirmReplayForm(posted) if self.is_confirmed else self._asking()
        self.has_changed = False

    @cached_property
    def keys(self) -> list[int]:
        """The events that are taken up, the longest known first; never more than 500."""
        return list(self._meant.filter(REPLAYABLE).order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])

    @cached_property
    def left_alone(self) -> int:
        """How many of the ticked ones cannot be taken up, or are too many for one time."""
        return self._meant.count() - len(self.keys)

    @property
    def left_words(self) -> str:
        """What is said about those."""
        return (
            f"{self.left_alone} of {self.left_alone + len(self.keys)} are left as they are: they wait already, are of "
            f"the other mode, name no object, or are more than the {MOST_AT_ONCE} that are taken up at once."
        )

    @cached_property
    def by_type(self) -> list[tuple[str, str, int]]:
        """Type, state and number of what is taken up."""
        chosen = WebhookEvent.objects.filter(pk__in=self.keys).order_by("type", "state")
        return list(chosen.values("type", "state").annotate(number=Count("pk")).values_list("type", "state", "number"))

    @property
    def ticked(self) -> list[int]:
        """What the page that confirms carries on."""
        return self.keys if self.chosen.cleaned_data["which"] == SELECTED else []

    def agrees(self) -> bool:
        """Whether a reason is given and as many events are meant as were shown; if not, asks anew."""
        if not self.confirm.is_valid():
            return False
        self.has_changed = self.confirm.cleaned_data["expected"] != len(self.keys)
        if self.has_changed:
            self.confirm = self._asking(reason=self.confirm.cleaned_data["reason"])
        return not self.has_changed

    def _asking(self, *, reason: str = "") -> ConfirmReplayForm:
        if not self.is_understood:
            return ConfirmReplayForm()
        return ConfirmReplayForm(initial={"expected": len(self.keys), "reason": reason})

    @cached_property
    def _meant(self) -> "QuerySet[WebhookEvent]":
        if self.chosen.cleaned_data["which"] == DEAD:
            return find_events(self.chosen.cleaned_data["q"], WebhookEvent.State.DEAD)
        return WebhookEvent.objects.filter(pk__in=self.chosen.keys())
