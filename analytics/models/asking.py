"""What people keep asking: questions they have saved, and the summary they get by mail."""

from django.db import models
from django.urls import reverse
from django.utils import timezone

from accounts.models import User


class SavedQuestion(models.Model):
    """A table over one dataset, as its address says it: columns, conditions, order. Shared ones everybody can open."""

    title = models.CharField(max_length=100)
    dataset = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True, default="", help_text="the query string of its page")
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_questions")
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "title"], name="saved_question_title_once"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{reverse('analytics:question', args=[self.dataset])}?{self.query}&saved={self.pk}"


class SummarySubscription(models.Model):
    """Somebody who gets the summary of each week by mail, on Monday morning, in one currency."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="summary_subscription")
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(default=timezone.now)
    sent_for = models.DateField(null=True, blank=True, help_text="The Monday that began the week last sent.")

    def __str__(self) -> str:
        return f"summary for user {self.user_id}"
