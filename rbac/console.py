"""Staff pages of this room: one's own role, and people with their roles."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.selectors import user_of
from core.access import staff
from core.errors import DomainError
from rbac.forms import InviteForm, RoleForm
from rbac.matrix import PERMISSIONS, ROLE_NAMES, ROLE_SUMMARIES, STAFF_ROLES, grants_of
from rbac.navigation import open_places
from rbac.roles import assign_role
from rbac.selectors import staff_members
from rbac.staff import invite_staff

PEOPLE = "rbac:people"


@staff("console")
@never_cache
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """One's own role: the pages it works with, and what it may do."""
    role = user_of(request).role
    context = {
        "role_name": ROLE_NAMES[role],
        "summary": ROLE_SUMMARIES[role],
        "places": [
            {"label": place.label, "url": reverse(place.url_name), "icon": place.icon, "summary": place.summary}
            for place in open_places(request.user)
            if place.url_name != "rbac:landing"
        ],
        "grants": grants_of(role),
    }
    return render(request, "rbac/landing.html", context)


@staff("people_manage")
@never_cache
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody on the staff, a form to invite one more, and the matrix."""
    return _people_page(request, InviteForm())


@staff("people_manage")
@never_cache
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """Give somebody a staff role by their e-mail address."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _people_page(request, form, status=422)
    try:
        invitation = invite_staff(**form.cleaned_data, actor=user_of(request))
    except DomainError as refusal:
        form.add_error(None, refusal.message)
        return _people_page(request, form, status=422)
    sent = " A link to set a password is on its way to them." if invitation.link else ""
    messages.success(request, f"{invitation.user.email} is now {ROLE_NAMES[form.cleaned_data['role']]}.{sent}")
    return redirect(PEOPLE)


@staff("people_manage")
@never_cache
@require_POST
def change_role(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give somebody another role."""
    person = get_object_or_404(User, pk=user_id)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the roles in the list.")
        return redirect(PEOPLE)
    try:
        assign_role(person, form.cleaned_data["role"], actor=user_of(request))
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{person.email} is now {ROLE_NAMES[form.cleaned_data['role']]}.")
    return redirect("accounts:landing" if person == request.user else PEOPLE)


def _people_page(request: HttpRequest, form: InviteForm, *, status: int = 200) -> HttpResponse:
    members = [(person, RoleForm({"role": person.role}, auto_id=f"role-{person.pk}-%s")) for person in staff_members()]
    context = {
        "invite_form": form,
        "members": members,
        "roles": [ROLE_NAMES[role] for role in STAFF_ROLES],
        "matrix": [(permission, [role in permission.roles for role in STAFF_ROLES]) for permission in PERMISSIONS],
    }
    return render(request, "rbac/people.html", context, status=status)
