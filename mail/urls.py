"""Staff pages over the mail that was sent."""

from django.urls import path

from mail import console

app_name = "mail"

urlpatterns = [
    path("", console.mail_list, name="list"),
    path("<int:mail_id>/", console.mail_detail, name="detail"),
    path("<int:mail_id>/preview/", console.mail_preview, name="preview"),
    path("<int:mail_id>/resend/", console.mail_resend, name="resend"),
]
