"""The hosted payment page; the project includes this only while the simulator is on."""

from django.urls import re_path

from stripe_simulator import views

app_name = "stripe_simulator"

_SESSION = r"(?P<session_id>cs_test_[A-Za-z0-9]{1,70})"
urlpatterns = [
    re_path(rf"^pay/{_SESSION}/$", views.pay, name="pay"),
    re_path(rf"^pay/{_SESSION}/authenticate/$", views.authenticate, name="authenticate"),
]
