"""The address that a weekly summary carries: outside the console, for whoever reads the mail need not sign in."""

from django.urls import path

from analytics.summary import console

app_name = "summary"
urlpatterns = [path("weekly-summary/stop/<str:token>/", console.summary_stop, name="stop")]
