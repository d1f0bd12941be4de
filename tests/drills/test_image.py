"""The image and the composition, as far as they can be judged without an engine that builds them."""

import re

import yaml
from django.conf import settings

from tests.architecture.files import ROOT, relative, rooms
from tests.drills.image import DOCKERFILE, build_variables, files_in_context, instruction, variables

SECRET = re.compile(r"sk_live_|rk_live_|whsec_(?!throw_away)|password", re.IGNORECASE)


def composed():
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def test_the_image_holds_every_room_that_production_runs_and_nothing_it_does_not():
    held = {relative(path).split("/")[0] for path in files_in_context() if "/" in relative(path)}
    own = set(rooms()) & set(settings.INSTALLED_APPS)
    assert held == (own - {"stripe_simulator"}) | {"purelaka", "static", "templates", "tools"}


def test_the_image_holds_no_test_no_secret_and_no_database():
    names = [relative(path) for path in files_in_context()]
    assert [name for name in names if re.search(r"(^|/)(tests?|\.env.*|\.git|docs|bench)(/|$)|sqlite3", name)] == []
    assert [name for name in names if name.startswith("tools/")] == ["tools/healthcheck.py"]


def test_the_image_runs_as_nobody_and_ends_on_sigterm():
    text = DOCKERFILE.read_text()
    final = text.split("FROM ")[-1]
    assert "USER 10001:10001" in final
    assert "STOPSIGNAL SIGTERM" in final
    assert "apt-get" not in text
    assert "--require-hashes" in text
    assert SECRET.search(text) is None


def test_the_final_stage_runs_under_production_settings_and_keeps_no_value_of_the_build():
    final = variables(1)
    assert final["DJANGO_SETTINGS_MODULE"] == "purelaka.settings_prod"
    assert final["PURELAKA_NO_ENV_FILE"] == "1"
    assert set(build_variables()) & set(final) == {"DJANGO_SETTINGS_MODULE", "PURELAKA_NO_ENV_FILE"}


def test_web_is_started_in_exec_form():
    assert instruction("CMD")[:2] == ["gunicorn", "purelaka.wsgi"]
    assert instruction("HEALTHCHECK") == ["python", "-m", "tools.healthcheck"]


def test_each_service_of_the_shop_is_locked_down_and_waits_for_what_it_needs():
    services = composed()
    assert sorted(services) == ["db", "migrate", "web", "worker"]
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "environment" not in service  # secrets come by file, and the files are not in git
    migrated = {"condition": "service_completed_successfully"}
    assert services["web"]["depends_on"]["migrate"] == services["worker"]["depends_on"]["migrate"] == migrated
    assert services["migrate"]["depends_on"]["db"] == {"condition": "service_healthy"}


def test_only_this_host_reaches_the_web_process_and_nobody_the_database():
    services = composed()
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]
    assert "ports" not in services["db"]
    assert services["db"]["networks"] == ["inside"]
