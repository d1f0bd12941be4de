"""An example of the arguments of every address that takes some, with an object that belongs to the user it is given."""

from collections.abc import Callable
from typing import Any

from accounts.models import User
from accounts.tests.factories import make_address, make_user
from analytics.models import ExportSchedule, SavedQuestion
from analytics.summary.subscribing import stop_url
from analytics.tests.export_scenes import make_run
from audit.recording import record
from mail.tests.factories import make_mail
from monitoring.tests.factories import make_issue
from orders.fulfilment import ship
from orders.links import guest_signature
from orders.tests.factories import make_order, make_return
from payments.tests.factories import make_dispute, make_event, make_payout, make_refund
from products.tests.factories import make_category, make_product, make_variant


def _order_of(user: User) -> dict[str, Any]:
    return {"public_id": make_order(user=user, email=user.email).public_id}


def _signed_order(_user: User) -> dict[str, Any]:
    order = make_order()
    return {"public_id": order.public_id, "signature": guest_signature(order)}


def _return_of(user: User) -> dict[str, Any]:
    order = ship(make_order(user=user, email=user.email, paid=True).pk)
    return {"public_id": order.public_id, "return_id": make_return(order).pk}


def _signed_return(_user: User) -> dict[str, Any]:
    row = make_return()
    return {"public_id": row.order.public_id, "signature": guest_signature(row.order), "return_id": row.pk}


def _any_return(_user: User) -> dict[str, Any]:
    return {"return_id": make_return().pk}


def _address_of(user: User) -> dict[str, Any]:
    return {"address_id": make_address(user.customer).pk}


def _any_order(_user: User) -> dict[str, Any]:
    return {"order_id": make_order(paid=True).pk}


def _document(_user: User) -> dict[str, Any]:
    return {"document_id": make_order(paid=True).invoices.get().pk}


def _any_variant(_user: User) -> dict[str, Any]:
    return {"variant_id": make_variant().pk}


def _any_product(_user: User) -> dict[str, Any]:
    return {"product_id": make_product().pk}


def _any_payout(_user: User) -> dict[str, Any]:
    return {"payout_id": make_payout().pk}


def _any_event(_user: User) -> dict[str, Any]:
    return {"event_id": make_event().pk}


def _any_payment(_user: User) -> dict[str, Any]:
    return {"payment_id": make_refund().payment_id}


def _any_refund(_user: User) -> dict[str, Any]:
    return {"refund_id": make_refund().pk}


def _any_dispute(_user: User) -> dict[str, Any]:
    return {"dispute_id": make_dispute().pk}


def _mail(_user: User) -> dict[str, Any]:
    return {"mail_id": make_mail().pk}


def _issue(_user: User) -> dict[str, Any]:
    return {"issue_id": make_issue().pk}


def _export(user: User) -> dict[str, Any]:
    return {"run_id": make_run(actor=user).pk}


def _written_export(user: User) -> dict[str, Any]:
    run = make_run(actor=user)
    run.sha256 = "0" * 64
    run.save(update_fields=["sha256"])
    return {"run_id": run.pk}


def _export_schedule(user: User) -> dict[str, Any]:
    wanted = {"dataset": "orders", "currency": "GBP", "format": "csv", "every": "day"}
    return {"schedule_id": ExportSchedule.objects.get_or_create(owner=user, **wanted)[0].pk}


def _session(_user: User) -> dict[str, Any]:
    return {"session_id": "cs_test_0a1b2c"}


def _question_of(user: User) -> dict[str, Any]:
    saved, _ = SavedQuestion.objects.get_or_create(owner=user, title="By country", dataset="orders")
    return {"question_id": saved.pk}


EXAMPLES: dict[str, Callable[[User], dict[str, Any]]] = {
    "account_confirm_email": lambda _user: {"key": "MQ:1abc:forged"},
    "account_reset_password_from_key": lambda _user: {"uidb36": "1", "key": "abc-forged"},
    "accounts:address_delete": _address_of,
    "analytics:question": lambda _user: {"dataset": "orders"},
    "analytics:question_file": lambda _user: {"dataset": "orders"},
    "analytics:question_save": lambda _user: {"dataset": "orders"},
    "analytics:question_edit": _question_of,
    "analytics:question_delete": _question_of,
    "analytics:export": lambda _user: {"dataset": "orders"},
    "analytics:export_new": lambda _user: {"dataset": "orders"},
    "analytics:export_run": _export,
    "analytics:export_file": _export,
    "analytics:export_manifest": _written_export,
    "analytics:export_cancel": _export,
    "analytics:export_again": _export,
    "analytics:export_unschedule": _export_schedule,
    "summary:stop": lambda user: {"token": stop_url(user).rstrip("/").rpartition("/")[2]},
    "analytics:block": lambda _user: {"page": "executive", "block": "net-by-day"},
    "analytics:rows": lambda _user: {"kpi": "net_sales"},
    "analytics:month": lambda _user: {"month": "2026-06"},
    "analytics:month_close": lambda _user: {"month": "2026-06"},
    "accounts:address_edit": _address_of,
    "console:audit_record": lambda _user: {"record_id": record("mail.resent").pk},
    "orders:console_detail": _any_order,
    "orders:console_ship": _any_order,
    "orders:console_hold": _any_order,
    "orders:console_release": _any_order,
    "orders:console_note": _any_order,
    "orders:console_return": _any_return,
    "orders:console_return_decide": _any_return,
    "orders:console_return_receive": _any_return,
    "orders:console_return_create": _any_order,
    "payments:console_return_refund": _any_return,
    "orders:console_invoice": _document,
    "payments:console_refund": _any_order,
    "payments:console_refund_confirm": _any_order,
    "payments:console_refund_retry": _any_refund,
    "payments:console_refund_detail": _any_refund,
    "payments:console_refund_again": _any_refund,
    "payments:console_refund_settle": _any_refund,
    "payments:console_refund_reject": _any_refund,
    "payments:console_refund_approve": _any_refund,
    "payments:console_give_back": _any_payment,
    "payments:console_cancel": _any_order,
    "payments:console_sync": _any_order,
    "payments:console_dispute": _any_dispute,
    "payments:console_dispute_pack": _any_dispute,
    "payments:console_dispute_answer": _any_dispute,
    "payments:console_dispute_sync": _any_dispute,
    "payments:console_payout": _any_payout,
    "payments:console_sides": lambda _user: {"day": "2026-06-01"},
    "payments:console_webhook": _any_event,
    "payments:console_webhook_replay": _any_event,
    "products:console_stock_item": _any_variant,
    "products:console_stock_tracking": _any_variant,
    "products:console_product": _any_product,
    "products:console_product_status": _any_product,
    "products:console_variant_price": _any_variant,
    "core:media": lambda _user: {"name": "products/none.webp"},
    "mail:detail": _mail,
    "mail:preview": _mail,
    "mail:resend": _mail,
    "monitoring:acknowledge": _issue,
    "monitoring:issue": _issue,
    "monitoring:mute": _issue,
    "monitoring:note": _issue,
    "monitoring:reopen": _issue,
    "monitoring:repair": _issue,
    "monitoring:resolve": _issue,
    "monitoring:run_one": lambda _user: {"check_id": "stock.ledger_mismatch"},
    "orders:detail": _order_of,
    "orders:guest": _signed_order,
    "orders:guest_invoice": _signed_order,
    "orders:guest_credit_note": lambda user: {**_signed_order(user), "number": 1},
    "orders:credit_note": lambda user: {**_order_of(user), "number": 1},
    "orders:invoice": _order_of,
    "orders:return_request": _order_of,
    "orders:return_withdraw": _return_of,
    "orders:guest_return_request": _signed_order,
    "orders:guest_return_withdraw": _signed_return,
    "payments:cancel": _signed_order,
    "payments:retry": _signed_order,
    "payments:return": _signed_order,
    "products:category": lambda _user: {"slug": make_category().slug},
    "products:detail": lambda _user: {"slug": make_product().slug},
    "rbac:change_role": lambda _user: {"user_id": make_user().pk},
    "stripe_simulator:authenticate": _session,
    "stripe_simulator:pay": _session,
}
