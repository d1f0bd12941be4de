"""Addresses of the bag and of orders."""

from django.urls import path

from orders import bag_views, console, invoice_console, invoice_views, return_console, return_views, views

app_name = "orders"

urlpatterns = [
    path("bag/", bag_views.bag, name="bag"),
    path("bag/add/", bag_views.bag_add, name="bag_add"),
    path("bag/update/", bag_views.bag_update, name="bag_update"),
    path("bag/remove/", bag_views.bag_remove, name="bag_remove"),
    path("bag/undo/", bag_views.bag_undo, name="bag_undo"),
    path("bag/code/", bag_views.code_apply, name="code_apply"),
    path("bag/code/remove/", bag_views.code_remove, name="code_remove"),
    path("account/orders/", views.order_list, name="list"),
    path("orders/<str:public_id>/", views.detail, name="detail"),
    path("orders/<str:public_id>/invoice/", invoice_views.invoice, name="invoice"),
    path("orders/<str:public_id>/credit-notes/<int:number>/", invoice_views.credit_note, name="credit_note"),
    path("orders/<str:public_id>/<str:signature>/", views.guest, name="guest"),
    path("orders/<str:public_id>/<str:signature>/invoice/", invoice_views.guest_invoice, name="guest_invoice"),
    path(
        "orders/<str:public_id>/<str:signature>/credit-notes/<int:number>/",
        invoice_views.guest_credit_note,
        name="guest_credit_note",
    ),
    path("orders/<str:public_id>/returns/new/", return_views.return_request, name="return_request"),
    path(
        "orders/<str:public_id>/returns/<int:return_id>/withdraw/", return_views.return_withdraw, name="return_withdraw"
    ),
    path(
        "orders/<str:public_id>/<str:signature>/returns/new/",
        return_views.guest_return_request,
        name="guest_return_request",
    ),
    path(
        "orders/<str:public_id>/<str:signature>/returns/<int:return_id>/withdraw/",
        return_views.guest_return_withdraw,
        name="guest_return_withdraw",
    ),
    path("console/returns/", return_console.return_list, name="console_returns"),
    path("console/returns/<int:return_id>/", return_console.return_detail, name="console_return"),
    path("console/returns/<int:return_id>/decide/", return_console.return_decide, name="console_return_decide"),
    path("console/returns/<int:return_id>/receive/", return_console.return_receive, name="console_return_receive"),
    path("console/orders/<int:order_id>/returns/new/", return_console.return_create, name="console_return_create"),
    path("console/orders/", console.order_list, name="console_list"),
    path("console/orders/<int:order_id>/", console.order_detail, name="console_detail"),
    path("console/orders/<int:order_id>/ship/", console.order_ship, name="console_ship"),
    path("console/orders/<int:order_id>/hold/", console.order_hold, name="console_hold"),
    path("console/orders/<int:order_id>/release/", console.order_release, name="console_release"),
    path("console/orders/<int:order_id>/note/", console.order_note, name="console_note"),
    path("console/invoices/", invoice_console.document_list, name="console_invoices"),
    path("console/invoices/<int:document_id>/", invoice_console.document_detail, name="console_invoice"),
]
