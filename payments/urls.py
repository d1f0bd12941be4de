"""Addresses of checkout, return and webhook."""

from django.urls import path

from payments import console, dispute_console, refund_console, return_console, views, webhook_console
from payments import finance_console as finance
from payments import refund_queue_console as queue

app_name = "payments"
urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("orders/<str:public_id>/<str:signature>/return/", views.payment_return, name="return"),
    path("orders/<str:public_id>/<str:signature>/pay/", views.retry, name="retry"),
    path("orders/<str:public_id>/<str:signature>/cancel/", views.cancel, name="cancel"),
    path("payments/webhook/", views.webhook, name="webhook"),
    path("console/orders/<int:order_id>/refund/", refund_console.refund, name="console_refund"),
    path("console/orders/<int:order_id>/refund/confirm/", refund_console.refund_confirm, name="console_refund_confirm"),
    path("console/orders/<int:order_id>/cancel/", console.cancel, name="console_cancel"),
    path("console/orders/<int:order_id>/ask-stripe/", console.ask_stripe, name="console_sync"),
    path("console/payments/<int:payment_id>/give-back/", refund_console.surplus_give_back, name="console_give_back"),
    path("console/returns/<int:return_id>/refund/", return_console.return_refund, name="console_return_refund"),
    path("console/refunds/", queue.refund_list, name="console_refunds"),
    path("console/refunds/approvals/", queue.refund_approvals, name="console_approvals"),
    path("console/refunds/<int:refund_id>/", queue.refund_detail, name="console_refund_detail"),
    path("console/refunds/<int:refund_id>/retry/", refund_console.refund_retry, name="console_refund_retry"),
    path("console/refunds/<int:refund_id>/again/", queue.refund_again, name="console_refund_again"),
    path("console/refunds/<int:refund_id>/approve/", queue.refund_approve, name="console_refund_approve"),
    path("console/refunds/<int:refund_id>/reject/", queue.refund_reject, name="console_refund_reject"),
    path("console/refunds/<int:refund_id>/settle/", queue.refund_settle, name="console_refund_settle"),
    path("console/disputes/", dispute_console.dispute_list, name="console_disputes"),
    path("console/disputes/<int:dispute_id>/", dispute_console.dispute_detail, name="console_dispute"),
    path("console/disputes/<int:dispute_id>/pack/", dispute_console.dispute_pack, name="console_dispute_pack"),
    path("console/disputes/<int:dispute_id>/answer/", dispute_console.dispute_answer, name="console_dispute_answer"),
    path("console/disputes/<int:dispute_id>/ask-stripe/", dispute_console.dispute_sync, name="console_dispute_sync"),
    path("console/finance/", finance.finance, name="console_finance"),
    path("console/finance/movements/", finance.movement_list, name="console_movements"),
    path("console/finance/payouts/", finance.payout_list, name="console_payouts"),
    path("console/finance/payouts/<int:payout_id>/", finance.payout_detail, name="console_payout"),
    path("console/finance/days/<slug:day>/", finance.sides, name="console_sides"),
    path("console/webhooks/", webhook_console.webhook_list, name="console_webhooks"),
    path("console/webhooks/replay/", webhook_console.webhooks_replay, name="console_webhooks_replay"),
    path("console/webhooks/import/", webhook_console.webhooks_import, name="console_webhooks_import"),
    path("console/webhooks/<int:event_id>/", webhook_console.webhook_detail, name="console_webhook"),
    path("console/webhooks/<int:event_id>/replay/", webhook_console.webhook_replay, name="console_webhook_replay"),
]
