"""The shop as production starts it: the files of the image, its own commands, PostgreSQL, the proxy's headers."""

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.files import ROOT
from tests.drills import serving
from tests.drills.image import build_variables, lay_out
from tools.temporary_postgres import FOR_TESTS, TemporaryPostgres

pytestmark = pytest.mark.drill
WEB = ["gunicorn", "purelaka.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"]
WORKER = ["python", "manage.py", "worker"]
UNFIT = {
    "DATABASE_URL": ("sqlite:///shop.sqlite3", "not PostgreSQL"),
    "EMAIL_URL": ("consolemail://", "No mail is sent"),
    "PAYMENTS_USE_STRIPE": ("0", "built-in simulator"),
    "AUDIT_SIGNING_KEY": ("", "AUDIT_SIGNING_KEY is not"),
    "STRIPE_API_BASE": ("https://api.stripe.example", "STRIPE_API_BASE may only name this machine"),
}


@dataclass(frozen=True)
class Production:
    """A shop that is served."""

    directory: Path
    environment: dict[str, str]
    port: int
    web: subprocess.Popen[str]


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's files, its static files collected as the image does it."""
    directory = tmp_path_factory.mktemp("app")
    lay_out(directory)
    built = serving.manage(directory, serving.bare_environment() | build_variables(), "collectstatic", "--noinput")
    assert built.returncode == 0, built.stderr
    return directory


@pytest.fixture(scope="module")
def environment(laid_out: Path) -> Iterator[dict[str, str]]:
    """A merchant's environment, on a PostgreSQL of its own whose tables are made."""
    server = TemporaryPostgres(FOR_TESTS)
    try:
        variables = serving.production_environment(server.url(), laid_out)
        migrated = serving.manage(laid_out, variables, "migrate", "--noinput")
        assert migrated.returncode == 0, migrated.stderr
        yield variables
    finally:
        server.stop()


@pytest.fixture(scope="module")
def shop(laid_out: Path, environment: dict[str, str]) -> Iterator[Production]:
    port = serving.free_port()
    web = serving.start_web(laid_out, environment, port)
    try:
        serving.wait_until(lambda: serving.answers(port, web), why=lambda: serving.said(laid_out))
        yield Production(laid_out, environment, port, web)
    finally:
        serving.stop(web)


def attempt(command: list[str], directory: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Start something that is expected to end by itself."""
    program = [str(serving.BIN / command[0]), *command[1:]]
    return subprocess.run(
        program, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=90
    )


def test_it_is_alive_and_ready(shop):
    for path in ("/healthz/", "/readyz/"):
        answer = serving.ask(shop.port, path, https=False)  # a load balancer inside asks over plain http
        assert answer.status == 200, answer.text


def test_the_image_s_own_health_check_tells_alive_from_dead(shop):
    def check(port):
        variables = shop.environment | {"HEALTHCHECK_ADDRESS": f"http://127.0.0.1:{port}"}
        command = [sys.executable, "-m", "tools.healthcheck"]
        return subprocess.run(command, cwd=shop.directory, env=variables, check=False).returncode

    assert (check(shop.port), check(serving.free_port())) == (0, 1)


def test_plain_http_is_sent_to_https_and_the_proxy_s_word_is_believed(shop):
    plain = serving.ask(shop.port, "/shop/?sort=new", https=False)
    assert (plain.status, plain.headers["Location"]) == (301, "https://shop.example/shop/?sort=new")
    assert serving.ask(shop.port, "/").status == 200


def test_another_host_name_is_refused(shop):
    assert serving.ask(shop.port, "/", host="evil.example").status == 400


def test_every_page_carries_the_headers_of_production(shop):
    headers = serving.ask(shop.port, "/").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Permissions-Policy"].startswith("camera=()")
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["form-action"] == "'self' https://checkout.stripe.com"
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")


def test_cookies_are_bound_to_this_host_and_to_https(shop):
    page = serving.ask(shop.port, "/account/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
    [csrf] = page.cookies
    assert re.fullmatch(r"__Host-csrf=\w+; .*Path=/; SameSite=Lax; Secure", csrf)
    assert "Domain" not in csrf

    sent = f"csrfmiddlewaretoken={token}&theme=dark&next=/".encode()
    chosen = serving.ask(
        shop.port,
        "/appearance/",
        method="POST",
        body=sent,
        Cookie=csrf.split(";")[0],
        Referer="https://shop.example/",
        Content_Type="application/x-www-form-urlencoded",
    )
    assert chosen.status == 302
    assert [cookie for cookie in chosen.cookies if "Secure" not in cookie or "SameSite=Lax" not in cookie] == []


def test_static_files_are_hashed_compressed_and_kept_for_good(shop):
    page = serving.ask(shop.port, "/").text
    path = re.search(r'href="(/static/css/shop\.[0-9a-f]{12}\.css)"', page)[1]
    sheet = serving.ask(shop.port, path, Accept_Encoding="br, gzip")
    assert (sheet.status, sheet.headers["Content-Encoding"]) == (200, "br")
    assert "immutable" in sheet.headers["Cache-Control"]
    assert "max-age=315360000" in sheet.headers["Cache-Control"]
    assert serving.ask(shop.port, path).headers["Content-Encoding"] is None


def test_there_is_no_simulator(shop):
    assert serving.ask(shop.port, "/stripe-simulator/").status == 404
    assert not (shop.directory / "stripe_simulator").exists()


def test_an_unsigned_event_is_refused(shop):
    refused = serving.ask(shop.port, "/payments/webhook/", method="POST", body=b"{}", Content_Type="application/json")
    assert refused.status == 400


def test_the_first_administrator_gets_a_link_to_this_shop(shop):
    made = serving.manage(shop.directory, shop.environment, "create_staff", "owner@shop.example", "--role", "admin")
    assert made.returncode == 0, made.stderr
    link = re.search(r"https://shop\.example(/\S+)", made.stdout)[1]
    assert serving.ask(shop.port, link).status in (200, 302)


def test_the_deploy_check_has_nothing_to_say(shop):
    checked = serving.manage(shop.directory, shop.environment, "check", "--deploy", "--fail-level", "WARNING")
    assert (checked.returncode, "no issues" in checked.stdout + checked.stderr) == (0, True), checked.stderr


def test_the_worker_starts_and_ends_in_order(shop, tmp_path):
    log = tmp_path / "said"
    with log.open("wb") as out:
        command = [sys.executable, "manage.py", "worker"]
        worker = subprocess.Popen(command, cwd=shop.directory, env=shop.environment, stdout=out, stderr=out, text=True)
    try:
        serving.wait_until(lambda: "worker_started" in log.read_text(), why=log.read_text)
    finally:
        status = serving.stop(worker)
    assert status == 0, log.read_text()
    assert "worker_stopped" in log.read_text()


@pytest.mark.parametrize("command", [WEB, WORKER])
def test_web_and_worker_refuse_an_unfit_shop_and_name_all_that_is_wrong(environment, command):
    unfit = environment | {name: value for name, (value, _) in UNFIT.items()}
    run = attempt(command, ROOT, unfit)  # from the clone, which has the simulator that the image lacks
    assert run.returncode != 0
    unnamed = [name for name, (_, words) in UNFIT.items() if words not in run.stdout + run.stderr]
    assert unnamed == []


def test_without_its_four_names_it_does_not_start_and_names_each(laid_out, environment):
    names = ("SECRET_KEY", "ALLOWED_HOSTS", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS")
    poor = {name: value for name, value in environment.items() if name not in names}
    run = attempt(WEB, laid_out, poor)
    assert run.returncode != 0
    assert [name for name in names if f"{name} (" not in run.stdout + run.stderr] == []


def test_sigterm_ends_the_web_process_in_order(laid_out, environment):
    port = serving.free_port()
    web = serving.start_web(laid_out, environment, port)
    try:
        serving.wait_until(lambda: serving.answers(port, web), why=lambda: serving.said(laid_out))
    finally:
        status = serving.stop(web)
    assert status == 0


def test_a_backup_restored_into_an_empty_database_is_the_same_shop(shop, tmp_path):
    programs = Path(inspect.getfile(TemporaryPostgres.__base__)).parent / "pginstall" / "bin"
    url, dump = shop.environment["DATABASE_URL"], str(tmp_path / "shop.dump")
    socket = re.search(r"@/(.+)/\w+$", url)[1]
    there = ["--host", socket, "--username", "postgres"]

    def run(program, *arguments):
        done = subprocess.run([programs / program, *there, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    made = serving.manage(shop.directory, shop.environment, "create_staff", "kept@shop.example", "--role", "ops")
    assert made.returncode == 0, made.stderr
    run("pg_dump", "--format=custom", "--file", dump, "postgres")
    run("createdb", "restored")
    run("pg_restore", "--no-owner", "--exit-on-error", "--dbname", "restored", dump)

    restored = shop.environment | {"DATABASE_URL": url.removesuffix("/postgres") + "/restored"}
    assert restored["DATABASE_URL"] != url
    current = serving.manage(shop.directory, restored, "migrate", "--check")
    assert current.returncode == 0, current.stdout + current.stderr
    counted = "SELECT (SELECT count(*) FROM accounts_user), (SELECT count(*) FROM audit_auditrecord)"
    assert run("psql", "-At", "--dbname", "restored", "-c", counted) == run(
        "psql", "-At", "-d", "postgres", "-c", counted
    )
    refused = [programs / "psql", *there, "--dbname", "restored", "-c", "DELETE FROM audit_auditrecord"]
    assert "append-only" in subprocess.run(refused, capture_output=True, text=True, check=False).stderr
