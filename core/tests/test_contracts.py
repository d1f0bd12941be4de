import pytest
from django.core.management import call_command

from core import contracts


@pytest.fixture(autouse=True)
def trial(tmp_path, monkeypatch, settings):
    settings.BASE_DIR = tmp_path
    monkeypatch.setattr(contracts, "DOCUMENTS", {})
    monkeypatch.setattr("core.management.commands.contracts.DOCUMENTS", contracts.DOCUMENTS)
    contracts.register("docs/trial.md", trial_text)
    return tmp_path / "docs" / "trial.md"


def trial_text():
    return "# Trial\n\nOne – two.\n"


def test_check_fails_with_a_diff_until_the_document_is_written(trial, capsys):
    with pytest.raises(SystemExit) as stopped:
        call_command("contracts", "--check")
    assert stopped.value.code == 1
    assert "+One – two." in capsys.readouterr().out

    call_command("contracts")
    assert capsys.readouterr().out == "wrote docs/trial.md\n"
    assert trial.read_text(encoding="utf-8") == trial_text()

    call_command("contracts", "--check")
    assert capsys.readouterr().out == "1 documents are current.\n"
    call_command("contracts")
    assert capsys.readouterr().out == "All documents are current.\n"


def test_check_changes_nothing(trial):
    trial.parent.mkdir()
    trial.write_text("# Trial\n\nOld.\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        call_command("contracts", "--check")
    assert trial.read_text(encoding="utf-8") == "# Trial\n\nOld.\n"


def test_a_path_has_one_author():
    contracts.register("docs/trial.md", trial_text)
    with pytest.raises(ValueError, match="registered twice"):
        contracts.register("docs/trial.md", lambda: "other")
