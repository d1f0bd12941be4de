"""Outgoing mail: one message per key, kept until it is sent and shown to staff afterwards."""

from email.utils import make_msgid, parseaddr

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from core.db import LockingQuerySet


def new_message_id() -> str:
    """Return a Message-ID of the sender's domain; a message keeps it over all attempts, so receivers can tell."""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return make_msgid(domain=address.rpartition("@")[2] or "localhost")


class OutgoingMailQuerySet(LockingQuerySet):
    """Messages by what is to be done with them."""

    def due(self) -> "OutgoingMailQuerySet":
        """Queued, past their next attempt, and not held by a living worker; the longest waiting first."""
        now = timezone.now()
        waiting = self.filter(state=OutgoingMail.State.QUEUED, next_attempt_at__lte=now)
        return waiting.filter(Q(lease_until=None) | Q(lease_until__lt=now)).order_by("next_attempt_at", "pk")

    def matching(self, *, recipient: str = "", kind: str = "", state: str = "") -> "OutgoingMailQuerySet":
        """To recipients that contain the text, of that kind and state; an empty value narrows nothing."""
        exact = {name: value for name, value in {"kind": kind, "state": state}.items() if value}
        found = self.filter(**exact)
        return found.filter(recipient__icontains=recipient) if recipient else found

    def without_bodies(self) -> "OutgoingMailQuerySet":
        """Without the bodies, which a list does not show."""
        return self.defer("text_body", "html_body")

    def kinds(self) -> list[str]:
        """The kinds of message there are, in order."""
        return list(self.order_by("kind").values_list("kind", flat=True).distinct())


class OutgoingMail(models.Model):
    """A message to one person. `key` says what it is about: asked for twice, it is written once."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=40)
    recipient = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    text_body = models.TextField()
    html_body = models.TextField(blank=True, default="")
    is_secret = models.BooleanField(
        default=False, help_text="Holds a link that signs its recipient in; staff do not see the text."
    )
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True, default="")
    message_id = models.CharField(max_length=200, default=new_message_id)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="outgoing_mail_sent_has_time",
            )
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="outgoing_mail_due", condition=Q(state="queued")),
            models.Index(fields=["recipient", "-id"], name="outgoing_mail_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

    def get_absolute_url(self) -> str:
        return reverse("mail:detail", args=[self.pk])

    @property
    def is_readable(self) -> bool:
        """Whether staff may read the text: whoever reads a link that signs somebody in can become them.

        The demo shows it, for its mail goes nowhere and its visitors must find their links.
        """
        return settings.DEMO or not self.is_secret

    @property
    def kind_words(self) -> str:
        """The kind as people read it."""
        return self.kind.replace("_", " ").capitalize()
