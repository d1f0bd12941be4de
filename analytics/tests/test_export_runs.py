"""Files that workers write: complete or not at all, whatever becomes of the worker, the disk and whoever asked."""

import gzip
import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.tests.factories import make_user
from analytics.exports.datasets import DATASETS
from analytics.exports.expiring import expire_files, remove_leftovers
from analytics.exports.exporting import export
from analytics.exports.running import FULL, GIVEN_UP, MAX_ATTEMPTS, UNKNOWN, UNWRITABLE, write_due_files
from analytics.exports.store import export_store
from analytics.figures.windows import Window
from analytics.models import ExportRun
from analytics.snapshots.building import build_snapshots
from analytics.snapshots.calendar import CHANGES
from analytics.tests.export_scenes import DAY, make_dataset, make_run
from analytics.tests.factories import make_sale
from audit.models import AuditRecord
from core.leases import claim
from core.testing import run_tasks
from rbac.roles import assign_role

pytestmark = pytest.mark.django_db
ADDRESS = "/console/exports/files"
WINDOW = {"from": "2026-06-01", "to": "2026-06-04", "currency": "GBP"}


@pytest.fixture(autouse=True)
def exports_root(tmp_path, settings):
    """A place of its own for the files of each test."""
    settings.EXPORTS_ROOT = tmp_path / "exports"
    settings.STORAGES = settings.STORAGES | {
        "exports": settings.STORAGES["exports"] | {"OPTIONS": {"location": settings.EXPORTS_ROOT}}
    }
    return settings.EXPORTS_ROOT


def content(run: ExportRun) -> bytes:
    with export_store().open(run.file) as file:
        return file.read()


def refreshed(run: ExportRun) -> ExportRun:
    run.refresh_from_db()
    return run


def lies_about(exports_root: Path) -> list[str]:
    return sorted(path.name for path in exports_root.rglob("*") if path.is_file())


def test_a_file_is_written_with_its_size_its_digest_and_its_manifest(client):
    make_sale(DAY, email="alice@example.com")
    build = build_snapshots(CHANGES).build
    client.force_login(make_user("analyst"))
    answer = client.post("/console/exports/orders/", WINDOW | {"act": "later", "columns": ["order_id", "net_sales"]})

    run = ExportRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{ADDRESS}/{run.pk}/")
    assert run.state == ExportRun.State.QUEUED
    run_tasks()

    written = content(refreshed(run))
    assert written.startswith(b"order_id,net_sales\n")
    assert (run.state, run.rows_done, run.size) == (ExportRun.State.DONE, 1, len(written))
    assert run.sha256 == hashlib.sha256(written).hexdigest()
    assert run.expires_at - run.finished_at == timedelta(days=settings.EXPORTS_KEEP_DAYS)
    manifest = client.get(f"{ADDRESS}/{run.pk}/manifest.json").json()
    assert manifest["filters"] == WINDOW | {"personal_columns": False}
    assert (manifest["rows"], manifest["bytes"], manifest["sha256"]) == (1, len(written), run.sha256)
    assert (manifest["build"], [one["name"] for one in manifest["columns"]]) == (build.pk, ["order_id", "net_sales"])
    assert manifest["software"]["purelaka"] == settings.VERSION
    assert AuditRecord.objects.get(action="export.run").subject_id == str(run.pk)


def test_the_file_is_what_would_be_downloaded_at_once_compressed_or_not():
    for number in range(3):
        make_sale(DAY, quantity=number + 1)
    plain, packed, again = make_run(), make_run(file_format="csv.gz"), make_run(file_format="csv.gz")

    assert write_due_files() == 3

    at_once = b"".join(export(DATASETS["orders"], Window(DAY, date(2026, 6, 4)), "GBP"))
    assert content(refreshed(plain)) == at_once
    assert gzip.decompress(content(refreshed(packed))) == at_once
    assert refreshed(again).sha256 == packed.sha256


def test_a_download_is_recorded_and_only_for_who_may_have_it(client):
    make_sale(DAY, email="alice@example.com")
    admin = make_user("admin")
    with_people, without = make_run(actor=admin), make_run(actor=admin, names=["order_id"])
    write_due_files()
    client.force_login(make_user("analyst"))

    refusal = client.post(f"{ADDRESS}/{with_people.pk}/file/")
    allowed = client.post(f"{ADDRESS}/{without.pk}/file/")

    assert (refusal.status_code, allowed.status_code) == (403, 200)
    assert allowed.getvalue() == content(refreshed(without))
    assert allowed["Content-Disposition"] == 'attachment; filename="orders_2026-06-01_2026-06-04_GBP.csv"'
    assert client.get(f"{ADDRESS}/{with_people.pk}/manifest.json").status_code == 403
    kept = [
        (row.outcome, row.subject_id) for row in AuditRecord.objects.filter(action="export.download").order_by("id")
    ]
    assert kept == [("refused", str(with_people.pk)), ("done", str(without.pk))]


def test_who_may_no_longer_see_people_may_no_longer_have_their_own_file(client):
    make_sale(DAY)
    admin = make_user("admin")
    make_user("admin")  # for there must be one
    run = make_run(actor=admin)
    write_due_files()
    assign_role(admin, "analyst", actor=None)
    client.force_login(admin)

    assert client.post(f"{ADDRESS}/{run.pk}/file/").status_code == 403
    page = client.get(f"{ADDRESS}/{run.pk}/").content.decode()
    assert "Your role may not have this file." in page
    assert "manifest.json" not in page


def test_a_file_of_a_worker_that_was_killed_is_begun_again(exports_root):
    make_sale(DAY)
    run = make_run()
    (taken,) = claim(ExportRun.objects.due(), limit=1, seconds=90)
    ExportRun.objects.update(state=ExportRun.State.RUNNING)
    (exports_root / "partial").mkdir(parents=True)
    (exports_root / "partial" / f"{run.pk}-{taken.attempts}.csv").write_bytes(b"half")

    assert write_due_files() == 0  # it is still held
    ExportRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert write_due_files() == 1

    assert (refreshed(run).state, run.attempts, run.file) == (ExportRun.State.DONE, 2, f"{run.pk}-2.csv")


def test_a_file_that_kills_its_worker_again_and_again_is_given_up():
    run = make_run()
    ExportRun.objects.update(attempts=MAX_ATTEMPTS)

    assert write_due_files() == 0

    assert (refreshed(run).state, run.error) == (ExportRun.State.FAILED, GIVEN_UP)
    assert not ExportRun.objects.due().exists()


def test_what_a_worker_wrote_that_lost_its_lease_is_thrown_away(monkeypatch, exports_root):
    def rows():
        yield (1, DAY, "one")
        ExportRun.objects.update(attempts=7)  # another worker has taken it meanwhile

    monkeypatch.setitem(DATASETS, "meddled", make_dataset("meddled", rows))
    run = make_run("meddled")

    assert write_due_files() == 0

    assert (refreshed(run).state, run.file) == (ExportRun.State.RUNNING, "")
    assert lies_about(exports_root) == []


def test_a_file_that_is_canceled_before_it_is_written_is_never_written(client, exports_root):
    run = make_run()
    client.force_login(make_user("ops"))

    client.post(f"{ADDRESS}/{run.pk}/cancel/")

    assert refreshed(run).state == ExportRun.State.CANCELED
    assert (write_due_files(), lies_about(exports_root)) == (0, [])
    answer = client.post(f"{ADDRESS}/{run.pk}/cancel/", follow=True)
    assert "no longer being written" in answer.content.decode()
    assert [row.action for row in AuditRecord.objects.filter(subject_id=str(run.pk))] == ["export.canceled"]


def test_a_full_disk_fails_the_file_with_a_sentence(exports_root):
    run = make_run()
    (exports_root / "partial").mkdir(parents=True)
    (exports_root / "partial" / f"{run.pk}-1.csv").symlink_to("/dev/full")

    assert write_due_files() == 0

    assert (refreshed(run).state, run.error) == (ExportRun.State.FAILED, FULL)
    assert lies_about(exports_root) == []


def test_a_place_that_cannot_be_written_to_fails_the_file_with_a_sentence(exports_root):
    exports_root.write_text("a file where a folder should be")
    run = make_run()

    assert write_due_files() == 0
    assert (refreshed(run).state, run.error) == (ExportRun.State.FAILED, UNWRITABLE)


def test_what_nobody_has_foreseen_is_tried_again_later_and_then_given_up(monkeypatch):
    def rows():
        yield (1, DAY, "one")
        raise ZeroDivisionError

    monkeypatch.setitem(DATASETS, "broken", make_dataset("broken", rows))
    run = make_run("broken")
    write_due_files()

    assert (refreshed(run).state, run.error, run.attempts) == (ExportRun.State.QUEUED, UNKNOWN, 1)
    assert run.next_attempt_at > timezone.now() + timedelta(seconds=8)
    assert write_due_files() == 0
    ExportRun.objects.update(next_attempt_at=timezone.now(), attempts=MAX_ATTEMPTS - 1)
    write_due_files()
    assert (refreshed(run).state, run.attempts) == (ExportRun.State.FAILED, MAX_ATTEMPTS)


def test_a_dataset_or_a_column_that_is_gone_fails_the_file(monkeypatch):
    gone, renamed = make_run(), make_run(names=["order_id"])
    ExportRun.objects.filter(pk=gone.pk).update(dataset="old_orders")
    ExportRun.objects.filter(pk=renamed.pk).update(options={"columns": ["order_key"]})

    write_due_files()

    assert refreshed(gone).error == "There is no dataset named old_orders any more."
    assert refreshed(renamed).error == "There is no column named order_key any more."


def test_a_file_is_deleted_when_its_time_is_over(client, exports_root):
    run, kept = make_run(), make_run()
    write_due_files()
    ExportRun.objects.filter(pk=run.pk).update(expires_at=timezone.now())

    assert (expire_files(), expire_files()) == (1, 0)

    assert (refreshed(run).state, run.file) == (ExportRun.State.EXPIRED, "")
    assert lies_about(exports_root) == [refreshed(kept).file]
    client.force_login(make_user("analyst"))
    answer = client.post(f"{ADDRESS}/{run.pk}/file/", follow=True)
    assert "no longer kept" in answer.content.decode()
    client.post(f"{ADDRESS}/{run.pk}/again/")
    assert ExportRun.objects.under_way().count() == 1


def test_what_a_crash_left_goes_after_an_hour_and_nothing_else(exports_root, monkeypatch):
    run = make_run()
    write_due_files()
    orphan = exports_root / "00000000-0000-0000-0000-000000000000-1.csv"
    half = exports_root / "partial" / "00000000-0000-0000-0000-000000000000-2.csv"
    other = exports_root / "README"
    for path in (orphan, half, other):
        path.write_bytes(b"left")

    assert remove_leftovers() == 0
    monkeypatch.setattr("analytics.exports.expiring.LEFT_AFTER", -1)
    assert remove_leftovers() == 2
    assert lies_about(exports_root) == sorted(["README", refreshed(run).file])


def test_the_pages_say_how_far_a_file_has_come(client):
    run = make_run()
    now = timezone.now()
    ExportRun.objects.update(
        state=ExportRun.State.RUNNING,
        rows_done=400,
        rows_expected=1000,
        started_at=now - timedelta(seconds=10),
        lease_until=now + timedelta(seconds=90),
    )
    client.force_login(make_user("analyst"))

    page = client.get(f"{ADDRESS}/{run.pk}/").content.decode()

    assert 'max="100" value="40"' in page
    assert "400 of 1,000 rows, 40 a second; about 15 s left." in page
    assert 'hx-trigger="every 2s"' in page
    assert f'<a href="{ADDRESS}/{run.pk}/">Look again</a>' in page


def test_the_list_of_files_is_bounded_in_queries(client, django_assert_max_num_queries):
    analyst = make_user("analyst")
    for _ in range(30):
        make_run(actor=analyst)
    client.force_login(analyst)

    with django_assert_max_num_queries(20):
        page = client.get(f"{ADDRESS}/")

    assert len(page.context["runs"]) == 25
    assert "30 files" in page.content.decode()


def test_a_manifest_is_json_that_says_what_a_loader_needs(client):
    make_sale(DAY)
    run = make_run(names=["order_id"])
    client.force_login(make_user("analyst"))
    assert client.get(f"{ADDRESS}/{run.pk}/manifest.json").status_code == 404
    write_due_files()

    manifest = json.loads(client.get(f"{ADDRESS}/{run.pk}/manifest.json").content)

    assert manifest["columns"] == [{"name": "order_id", "kind": "number", "meaning": "the key of the order"}]
    assert manifest["format"] == "csv"
