"""Keeping questions: with a title, for oneself or for everybody who may open their dataset."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import User
from analytics.exports.datasets import DATASETS
from analytics.exports.runs import may_export
from analytics.models import SavedQuestion
from audit.recording import record
from core.errors import DomainError

OVERSEES = "rbac.people_manage"  # what the administrator has and no other role
LONGEST_TITLE = SavedQuestion._meta.get_field("title").max_length or 0
LONGEST_QUERY = SavedQuestion._meta.get_field("query").max_length or 0


def visible_to(user: User) -> QuerySet[SavedQuestion]:
    """Return the questions that somebody may open: their own, and shared ones over datasets they may see."""
    names = [dataset.name for dataset in DATASETS.values() if may_export(user, dataset)]
    mine = Q(owner=user) | Q(is_shared=True)
    return SavedQuestion.objects.filter(mine, dataset__in=names).select_related("owner")


def may_change(user: User, saved: SavedQuestion) -> bool:
    """Whether somebody may rename, share or delete a question: whoever made it, and the administrator."""
    return saved.owner_id == user.pk or user.has_perm(OVERSEES)


def save_question(
    *, title: str, dataset: str, query: str, is_shared: bool, actor: User, request: HttpRequest
) -> SavedQuestion:
    """Keep a question. Raises DomainError for a title that is none or is taken, and for one too long to keep."""
    if len(query) > LONGEST_QUERY:
        raise DomainError("This question is too long to be saved. Leave out some columns or conditions.")
    saved = SavedQuestion(dataset=dataset, query=query, owner=actor)
    return _keep(saved, title=title, is_shared=is_shared, act="question.save", actor=actor, request=request)


def change_question(
    saved: SavedQuestion, *, title: str, is_shared: bool, actor: User, request: HttpRequest
) -> SavedQuestion:
    """Give a question another title, share it or no longer. Raises DomainError as `save_question` does."""
    _refuse_stranger(actor, saved)
    return _keep(saved, title=title, is_shared=is_shared, act="question.change", actor=actor, request=request)


@transaction.atomic
def delete_question(saved: SavedQuestion, *, actor: User, request: HttpRequest) -> None:
    """Delete a question. Raises DomainError unless it is one's own or one is the administrator."""
    _refuse_stranger(actor, saved)
    record("question.delete", subject=saved, actor=actor, request=request, changes={"dataset": saved.dataset})
    saved.delete()


def _keep(saved: SavedQuestion, *, title: str, is_shared: bool, act: str, **who: Any) -> SavedQuestion:
    saved.title, saved.is_shared = _usable(title), is_shared
    try:
        with transaction.atomic():
            saved.save()
            record(act, subject=saved, changes={"dataset": saved.dataset, "shared": is_shared}, **who)
    except IntegrityError:
        raise DomainError(f"There is a question “{saved.title}” of the same person already.") from None
    return saved


def _usable(title: str) -> str:
    title = " ".join(title.split())
    if not title:
        raise DomainError("Give the question a title.")
    if len(title) > LONGEST_TITLE or not title.isprintable():
        raise DomainError(f"A title is at most {LONGEST_TITLE} characters of plain text.")
    return title


def _refuse_stranger(actor: User, saved: SavedQuestion) -> None:
    if not may_change(actor, saved):
        raise DomainError("Only whoever made this question, or an administrator, can change it.")
