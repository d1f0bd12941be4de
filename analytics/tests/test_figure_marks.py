"""Every figure shown carries its id, walked both ways: from the pages to the registry, and from there to the pages."""

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.tests.factories import make_user
from analytics.kpis import ALL
from analytics.tests.scenes import NOW, quarter
from analytics.urls import app_name, urlpatterns
from history.tests.factories import feed

pytestmark = pytest.mark.django_db

PARAMETERS = {"month": {"month": "2026-10"}}
OF_ONE_FIGURE = "rows"  # shows whichever figure it is asked for


@pytest.fixture
def trade() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        assert feed(*quarter()).bad == []
        call_command("build_snapshots")
        yield


def pages() -> dict[str, str]:
    """The address of each page of analytics that needs none but the parameters above."""
    found = {}
    for pattern in urlpatterns:
        name = f"{app_name}:{pattern.name}"
        try:
            found[name] = reverse(name, kwargs=PARAMETERS.get(pattern.name, {}))
        except NoReverseMatch:
            continue
    return found


def test_each_page_marks_exactly_the_figures_that_name_it(trade, client: Client):
    client.force_login(make_user("admin"))
    found, named = {}, {}
    for name, address in pages().items():
        html = client.get(address).content.decode()
        if marks := {kpi for mark in re.findall(r'data-kpi="([^"]*)"', html) for kpi in mark.split()}:
            found[name] = marks
        if kpis := {kpi.id for kpi in ALL if name in kpi.pages}:
            named[name] = kpis

    assert found == named
    assert {page for kpi in ALL for page in kpi.pages} <= found.keys()


@pytest.mark.parametrize("kpi", ALL, ids=lambda kpi: kpi.id)
def test_the_rows_of_a_figure_carry_its_id_and_what_it_means(kpi, client: Client):
    client.force_login(make_user("admin"))

    html = client.get(reverse(f"{app_name}:{OF_ONE_FIGURE}", args=[kpi.id])).content.decode()

    assert set(re.findall(r'data-kpi="([^"]*)"', html)) == {kpi.id}
    assert kpi.title in html
