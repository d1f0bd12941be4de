"""`manage.py test` hands over to pytest and counts what failed."""

import pytest
from django.conf import settings
from django.core.management import CommandError

from purelaka.test_runner import PytestRunner, as_path, failures

REPORT = '<testsuites><testsuite tests="5" failures="2" errors="1"></testsuite></testsuites>'


def test_a_dotted_label_is_a_path_for_pytest():
    assert as_path("purelaka.tests.test_test_runner") == "purelaka/tests/test_test_runner.py"


def test_a_package_is_a_directory_for_pytest():
    assert as_path("purelaka.tests") == "purelaka/tests"


@pytest.mark.parametrize("label", ["purelaka", "purelaka/tests", "purelaka/tests/test_test_runner.py::test_x"])
def test_what_pytest_understands_stays_as_it_is(label):
    assert as_path(label) == label


def test_options_become_options_of_pytest():
    assert PytestRunner(verbosity=2, failfast=True, k="stock", n="2").arguments == [
        "--exitfirst",
        "-v",
        "-k",
        "stock",
        "-n",
        "2",
    ]


def test_failures_and_errors_are_counted(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    assert failures(report, 1) == 3


def test_a_run_that_ended_well_has_no_failures(tmp_path):
    assert failures(tmp_path / "missing.xml", 0) == 0


@pytest.mark.parametrize("status", [2, 3, 4, 5])
def test_a_run_that_broke_off_or_found_nothing_has_failed(tmp_path, status):
    assert failures(tmp_path / "missing.xml", status) == 1


def test_production_settings_are_refused(monkeypatch):
    monkeypatch.setattr(type(settings), "SETTINGS_MODULE", "purelaka.settings_prod", raising=False)
    with pytest.raises(CommandError, match="301 redirects"):
        PytestRunner().run_tests([])
