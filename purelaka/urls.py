"""The map of addresses; each room keeps its own."""

from django.conf import settings
from django.urls import include, path

urlpatterns = [
    path("", include("core.urls")),
    path("", include("products.urls")),
    path("", include("orders.urls")),
    path("", include("payments.urls")),
    path("", include("monitoring.urls")),
    path("account/", include("accounts.urls")),
    path("account/wishlist/", include("wishlist.urls")),
    path("console/mail/", include("mail.urls")),
    path("", include("analytics.summary.urls")),
    path("console/", include("analytics.urls")),
    path("console/", include("rbac.urls")),
    path("console/", include("console.urls")),
]

if not settings.PAYMENTS_USE_STRIPE:
    urlpatterns.append(path("stripe-simulator/", include("stripe_simulator.urls")))

handler400 = "core.views.bad_request"
handler403 = "core.views.forbidden"
handler404 = "core.views.not_found"
handler500 = "core.views.server_error"
