"""`manage.py import_history`: files, standard input, progress, exit status."""

import gzip
import io
import sys
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from history.importing import Outcome
from history.management.commands.import_history import lines_of
from history.progress import Progress
from history.tests.factories import order, product, raw
from orders.models import Order

pytestmark = pytest.mark.django_db

GOOD = b"\n".join(raw([product(), order("O1"), order("O2", paid_at=None)]))


def run(*arguments, **options):
    out, err = io.StringIO(), io.StringIO()
    call_command("import_history", *arguments, stdout=out, stderr=err, **options)
    return out.getvalue().splitlines(), err.getvalue()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_bytes(GOOD)
    return path


def test_a_file_is_imported_and_counted(path):
    assert run(str(path)) == (
        ["3 lines read; imported: 2 order, 1 product", "1 unpaid orders were past their time and are canceled"],
        "",
    )
    assert run(str(path))[0] == [
        "3 lines read; imported: nothing",
        "3 lines were known already and changed nothing",
    ]


def test_a_compressed_file_and_standard_input_work_as_well(tmp_path, monkeypatch):
    packed = tmp_path / "history.jsonl.gz"
    packed.write_bytes(gzip.compress(GOOD))
    run(str(packed))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(GOOD)))
    run("-", source="other")
    assert Order.objects.count() == 4


def test_a_bad_line_is_told_and_fails(path):
    path.write_bytes(GOOD + b"\n{}\n")
    err = io.StringIO()
    with pytest.raises(CommandError, match="1 bad lines, the first is line 4; neither its batch") as failure:
        call_command("import_history", str(path), stdout=io.StringIO(), stderr=err)
    assert failure.value.returncode == 1
    assert err.getvalue() == "line 4: type: is missing\n"
    assert Order.objects.count() == 0


def test_a_dry_run_fails_on_bad_lines_too(path):
    assert run(str(path), dry_run=True)[0] == ["3 lines read; would be imported: 2 order, 1 product"]
    path.write_bytes(GOOD + b"\n{}\n")
    with pytest.raises(CommandError, match=r"1 bad lines, the first is line 4\."):
        run(str(path), dry_run=True)
    assert Order.objects.count() == 0


@pytest.mark.parametrize("source", ["", "a b", "x" * 61, "\u00e9", "-x"])
def test_a_source_must_be_a_name(path, source):
    with pytest.raises(CommandError, match="cannot name a source"):
        run(str(path), source=source)


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        run(str(tmp_path / "none.jsonl"))
    broken = tmp_path / "broken.jsonl.gz"
    broken.write_bytes(gzip.compress(GOOD)[:-9])
    with pytest.raises(CommandError, match="cannot be read"):
        run(str(broken))


def test_progress_says_rows_rate_and_time_left(monkeypatch):
    clock = iter([0.0, 1.0, 4.0, 4.5])
    monkeypatch.setattr("history.progress.time.monotonic", lambda: next(clock))
    told = []
    progress = Progress(told.append, lambda: 0.25)
    for rows in (500, 2_000, 2_100):
        progress(Outcome(rows=rows))
    assert told == ["2,000 lines, 500 a second, 25%, about 12 s left"]


def test_a_line_without_end_does_not_fill_the_memory():
    stream = io.BytesIO(b"x" * 95 + b"\nshort\n")
    assert [len(line) for line in lines_of(stream, longest=10)] == [10, 6]
