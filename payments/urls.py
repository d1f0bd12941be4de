"""Addresses of checkout, return and webhook."""

from django.urls import path

from payments import views

app_name = "payments"
urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("orders/<str:public_id>/<str:signature>/return/", views.payment_return, name="return"),
    path("orders/<str:public_id>/<str:signature>/pay/", views.retry, name="retry"),
    path("orders/<str:public_id>/<str:signature>/cancel/", views.cancel, name="cancel"),
    path("payments/webhook/", views.webhook, name="webhook"),
]
