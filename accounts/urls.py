"""Addresses of sign-in and account pages.

allauth's views are routed one by one under allauth's names: only those the shop uses can be reached.
"""

from django.urls import include, path, re_path

from accounts import entrance, views

entrance_patterns = [
    path("sign-in/", entrance.sign_in, name="account_login"),
    path("sign-up/", entrance.sign_up, name="account_signup"),
    path("sign-out/", entrance.sign_out, name="account_logout"),
    path("inactive/", entrance.inactive, name="account_inactive"),
    path("confirm-email/", entrance.verification_sent, name="account_email_verification_sent"),
    path("confirm-email/<str:key>/", entrance.confirm_email, name="account_confirm_email"),
    path("password/change/", entrance.change_password, name="account_change_password"),
    path("password/reset/", entrance.reset_password, name="account_reset_password"),
    path("password/reset/sent/", entrance.reset_sent, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        entrance.set_password,
        name="account_reset_password_from_key",
    ),
    path("password/reset/done/", entrance.password_set, name="account_reset_password_from_key_done"),
]

account_patterns = [
    path("", views.account, name="account"),
    path("home/", views.landing, name="landing"),
    path("details/", views.edit_details, name="details"),
    path("addresses/new/", views.address_create, name="address_create"),
    path("addresses/<int:address_id>/", views.address_edit, name="address_edit"),
    path("addresses/<int:address_id>/delete/", views.address_delete, name="address_delete"),
]

urlpatterns = [
    path("", include((account_patterns, "accounts"))),
    path("", include(entrance_patterns)),
]
