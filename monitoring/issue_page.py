"""What the page of an issue shows: the evidence, the pages about its thing, and its history with the notes."""

from operator import itemgetter
from typing import Any

from accounts.models import User
from core.money import EXPONENTS, format_money
from core.statuses import status_word
from monitoring.links import links_of
from monitoring.models import Issue, IssueEvent
from monitoring.registry import CHECKS

MOST = 100
NOTHING = "–"
WORDS = {
    "opened": ("Found", "err"),
    "changed": ("Found with other figures", ""),
    "regressed": ("Found again", "err"),
    "acknowledged": ("Acknowledged", "ok"),
    "muted": ("Muted", "warn"),
    "unmuted": ("The mute is over", "warn"),
    "resolved": ("Resolved", "ok"),
    "reopened": ("Reopened", "warn"),
    "repaired": ("Repaired", "ok"),
}


class IssuePage:
    """One issue, for one person."""

    def __init__(self, issue: Issue, user: User) -> None:
        self.issue = issue
        self.check = CHECKS.get(issue.check_id)
        self.links = links_of(issue, user)
        self.can_repair = bool(self.check and self.check.repair and issue.is_open and issue.entity_type != "check")

    @property
    def title(self) -> str:
        """The fault in words."""
        return self.check.title if self.check else self.issue.check_id

    @property
    def evidence(self) -> list[dict[str, str]]:
        """Each value with what was expected and what was found."""
        expected, found = self.issue.details.get("expected", {}), self.issue.details.get("found", {})
        return [
            {
                "label": name.removesuffix("_minor").replace("_", " ").capitalize(),
                "expected": self._shown(name, expected.get(name)),
                "found": self._shown(name, found.get(name)),
            }
            for name in {**expected, **found}
        ]

    def _shown(self, name: str, value: Any) -> str:
        if value is None:
            return NOTHING
        if name.endswith("_minor") and self.issue.currency in EXPONENTS:
            return format_money(value, self.issue.currency)
        return f"{value:,}" if isinstance(value, int) else str(value)

    @property
    def facts(self) -> list[dict[str, str]]:
        """Severity, owner and the like, as terms and values."""
        issue = self.issue
        facts = [
            {"term": "Check", "value": issue.check_id, "code": "yes"},
            {"term": "Severity", "value": status_word("severity", issue.severity).word},
            {"term": "Owner", "value": issue.owner.email if issue.owner else "Nobody yet"},
        ]
        if issue.state == Issue.State.MUTED:
            facts.append({"term": "Muted because", "value": issue.mute_reason})
        return facts

    @property
    def history(self) -> list[dict[str, Any]]:
        """Changes and notes, the latest first; three queries."""
        events = list(IssueEvent.objects.filter(issue=self.issue).exclude(kind="noted").order_by("-id")[:MOST])
        notes = list(self.issue.notes.select_related("author").order_by("-id")[:MOST])
        people = User.objects.in_bulk({event.actor_id for event in events if event.actor_id})
        rows = [_told(event, people) for event in events]
        rows += [{"at": note.at, "text": f"Note: {note.text}", "by": _name(note.author)} for note in notes]
        return sorted(rows, key=itemgetter("at"), reverse=True)


def _told(event: IssueEvent, people: dict[int, User]) -> dict[str, Any]:
    text, tone = WORDS.get(event.kind, (event.kind.capitalize(), ""))
    if event.kind == "resolved" and event.actor_id is None:
        text = "No longer found"
    return {"at": event.at, "text": text, "tone": tone, "by": _name(people.get(event.actor_id or 0))}


def _name(person: User | None) -> str:
    return person.email if person else ""
