import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from accounts.tests.factories import make_user
from audit.models import AuditRecord
from core.access import Policy, staff
from core.acts import announce
from core.models import NumberSeries

pytestmark = pytest.mark.django_db


@staff("orders_view")
def page(request):
    return HttpResponse("orders")


def ask(user):
    request = RequestFactory().get("/console/orders/?email=alice@example.com")
    request.user, request.resolver_match = user, None
    return page(request)


def test_a_page_carries_its_policy():
    assert page.policy == Policy("staff", "rbac.orders_view")


def test_staff_with_the_permission_see_the_page_and_nothing_is_recorded():
    assert ask(make_user("ops")).content == b"orders"
    assert AuditRecord.objects.count() == 0


@pytest.mark.parametrize(("role", "error"), [("analyst", PermissionDenied), ("customer", Http404)])
def test_a_refusal_is_recorded_without_what_was_asked(role, error):
    user = make_user(role)
    with pytest.raises(error):
        ask(user)
    assert list(
        AuditRecord.objects.values_list("action", "outcome", "actor_id", "actor_role", "reason", "changes")
    ) == [("access.refused", "refused", user.pk, role, "rbac.orders_view", {})]


def test_an_act_of_a_room_below_is_recorded():
    request = RequestFactory().post("/")
    request.user, request.resolver_match = make_user("ops"), None
    announce(request, "mail.resent", subject=NumberSeries.objects.create(name="trial"), reason="bounced")
    row = AuditRecord.objects.get()
    assert (row.action, row.outcome, row.subject_type, row.reason) == (
        "mail.resent",
        "done",
        "core.numberseries",
        "bounced",
    )
