"""Staff pages of disputes: the list, one dispute, its evidence to print, and sending it to the bank."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.selectors import user_of
from audit.recording import record
from core.access import staff
from core.errors import DomainError
from core.http import paginate
from payments.balance import import_movements_of
from payments.dispute_forms import DisputeFilterForm, EvidenceForm
from payments.dispute_list import listed
from payments.dispute_page import DisputeListPage, DisputePage
from payments.disputes import sync_dispute
from payments.errors import GatewayError
from payments.evidence import EvidencePack, facts_of, refusal_of, submit_evidence
from payments.models import Dispute

DETAIL = "payments:console_dispute"
NO_ANSWER = "Stripe cannot be reached just now. Nothing has changed; try again in a minute."
UNCLEAR = "Stripe has not answered. Send the same text again in a minute: it is never taken twice."


@staff("disputes_manage")
@never_cache
@require_safe
def dispute_list(request: HttpRequest) -> HttpResponse:
    """Show the disputes, those whose evidence is due first."""
    form = DisputeFilterForm(request.GET)
    tab, text = form.asked()
    context = {"form": form, "page": paginate(request, listed(tab, text)), "list": DisputeListPage(tab, text)}
    return render(request, "payments/console/disputes.html", context)


@staff("disputes_manage")
@never_cache
@require_safe
def dispute_detail(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Show one dispute."""
    page = DisputePage(_dispute(dispute_id), request)
    return render(request, "payments/console/dispute.html", {"dispute": page.dispute, "page": page})


@staff("disputes_manage")
@never_cache
@require_safe
def dispute_pack(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Show all that the shop knows about the disputed order, to print or to keep as a PDF."""
    pack = _pack(_dispute(dispute_id))
    context = {"dispute": pack.dispute, "order": pack.order, "pack": pack}
    return render(request, "payments/console/dispute_pack.html", context)


@staff("disputes_manage")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def dispute_answer(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Send evidence to the bank: what staff write, with the facts of the order, which are shown first."""
    pack = _pack(_dispute(dispute_id))
    form = EvidenceForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            submit_evidence(pack.dispute.pk, text=form.cleaned_data["text"], actor=user_of(request))
        except DomainError as refusal:
            form.add_error(None, refusal.message)
        except GatewayError:
            form.add_error(None, UNCLEAR)
        else:
            messages.success(request, "The evidence is with the bank. Its decision shows here when it comes.")
            return redirect(DETAIL, dispute_id=dispute_id)
    context = {"dispute": pack.dispute, "form": form, "facts": facts_of(pack), "refusal": refusal_of(pack.dispute)}
    return render(request, "payments/console/dispute_answer.html", context, status=422 if form.errors else 200)


@staff("disputes_manage")
@never_cache
@require_POST
def dispute_sync(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Ask Stripe how a dispute stands, and what it has booked for it."""
    dispute = _dispute(dispute_id)
    if not dispute.stripe_dispute_id:
        messages.info(request, "This dispute was imported; Stripe does not know it.")
        return redirect(DETAIL, dispute_id=dispute.pk)
    record("dispute.synced", subject=dispute, actor=user_of(request))
    try:
        sync_dispute(dispute.stripe_dispute_id)
        import_movements_of(dispute.stripe_dispute_id)
    except GatewayError:
        messages.error(request, NO_ANSWER)
    else:
        messages.info(request, "Stripe was asked; this page shows what it said.")
    return redirect(DETAIL, dispute_id=dispute.pk)


def _dispute(dispute_id: int) -> Dispute:
    return get_object_or_404(Dispute.objects.select_related("payment__order__customer"), pk=dispute_id)


def _pack(dispute: Dispute) -> EvidencePack:
    if dispute.payment is None:
        raise Http404("nothing is known of the charge that is disputed")
    return EvidencePack(dispute, dispute.payment.order)
