"""Addresses of the bag and of orders."""

from django.urls import path

from orders import bag_views, console, views

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
    path("orders/<str:public_id>/invoice/", views.invoice, name="invoice"),
    path("orders/<str:public_id>/<str:signature>/", views.guest, name="guest"),
    path("orders/<str:public_id>/<str:signature>/invoice/", views.guest_invoice, name="guest_invoice"),
    path("console/orders/", console.order_list, name="console_list"),
    path("console/orders/<int:order_id>/", console.order_detail, name="console_detail"),
    path("console/orders/<int:order_id>/ship/", console.order_ship, name="console_ship"),
    path("console/orders/<int:order_id>/hold/", console.order_hold, name="console_hold"),
    path("console/orders/<int:order_id>/release/", console.order_release, name="console_release"),
    path("console/orders/<int:order_id>/note/", console.order_note, name="console_note"),
]
