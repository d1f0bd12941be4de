"""Addresses of checkout, return and webhook."""

from django.urls import path

from payments import console, views, webhook_console

app_name = "payments"
urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("orders/<str:public_id>/<str:signature>/return/", views.payment_return, name="return"),
    path("orders/<str:public_id>/<str:signature>/pay/", views.retry, name="retry"),
    path("orders/<str:public_id>/<str:signature>/cancel/", views.cancel, name="cancel"),
    path("payments/webhook/", views.webhook, name="webhook"),
    path("console/orders/<int:order_id>/refund/", console.refund, name="console_refund"),
    path("console/orders/<int:order_id>/refund/confirm/", console.refund_confirm, name="console_refund_confirm"),
    path("console/orders/<int:order_id>/cancel/", console.cancel, name="console_cancel"),
    path("console/orders/<int:order_id>/ask-stripe/", console.ask_stripe, name="console_sync"),
    path("console/refunds/<int:refund_id>/retry/", console.refund_retry, name="console_refund_retry"),
    path("console/webhooks/", webhook_console.webhook_list, name="console_webhooks"),
    path("console/webhooks/replay/", webhook_console.webhooks_replay, name="console_webhooks_replay"),
    path("console/webhooks/import/", webhook_console.webhooks_import, name="console_webhooks_import"),
    path("console/webhooks/<int:event_id>/", webhook_console.webhook_detail, name="console_webhook"),
    path("console/webhooks/<int:event_id>/replay/", webhook_console.webhook_replay, name="console_webhook_replay"),
]
