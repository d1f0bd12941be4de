"""The account pages: where a person lands, their details and their address book."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.customers import join
from accounts.forms import MAX_ADDRESSES, AddressForm, DetailsForm
from accounts.models import Address, Customer
from accounts.selectors import user_of
from core.access import STAFF, signed_in
from core.http import safe_next

ACCOUNT = "accounts:account"


@signed_in
@never_cache
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Send whoever has just signed in to where they work: the console, or their own account."""
    return redirect("console:home" if request.user.has_perm(STAFF) else ACCOUNT)


@signed_in
@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Who is signed in, and the addresses they keep."""
    addresses = list(Address.objects.filter(customer__user=user_of(request)))
    context = {"addresses": addresses, "is_full": len(addresses) >= MAX_ADDRESSES, "limit": MAX_ADDRESSES}
    return render(request, "accounts/account.html", context)


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_details(request: HttpRequest) -> HttpResponse:
    """Change one's name."""
    form = DetailsForm(request.POST or None, instance=user_of(request))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your details are saved.")
        return redirect(ACCOUNT)
    return render(request, "accounts/details.html", {"form": form})


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def address_create(request: HttpRequest) -> HttpResponse:
    """Add an address; `next` leads back to where it was needed."""
    form = AddressForm(request.POST or None, initial={"name": user_of(request).name, "country": "GB"})
    if request.method == "POST" and form.is_valid():
        customer = _customer_or_404(request)
        if customer.addresses.count() >= MAX_ADDRESSES:
            form.add_error(None, f"You can keep {MAX_ADDRESSES} addresses. Delete one before you add another.")
        else:
            form.instance.customer = customer
            form.save()
            messages.success(request, "The address is saved.")
            return redirect(safe_next(request, reverse(ACCOUNT)))
    context = {"form": form, "heading": "Add an address", "next": safe_next(request, "")}
    return render(request, "accounts/address.html", context)


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def address_edit(request: HttpRequest, address_id: int) -> HttpResponse:
    """Change an address of one's own. Orders keep the address they were placed with."""
    address = get_object_or_404(Address, pk=address_id, customer__user=user_of(request))
    form = AddressForm(request.POST or None, instance=address)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "The address is saved.")
        return redirect(ACCOUNT)
    return render(request, "accounts/address.html", {"form": form, "heading": "Edit address"})


@signed_in
@never_cache
@require_POST
def address_delete(request: HttpRequest, address_id: int) -> HttpResponse:
    """Delete an address of one's own. Orders keep the address they were placed with."""
    get_object_or_404(Address, pk=address_id, customer__user=user_of(request)).delete()
    messages.success(request, "The address is deleted.")
    return redirect(ACCOUNT)


def _customer_or_404(request: HttpRequest) -> Customer:
    """The customer whose address book this is; nobody who signed in by a verified address is without one."""
    customer = join(user_of(request))
    if customer is None:
        raise Http404
    return customer
