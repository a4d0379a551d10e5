"""The command ``compare`` as a person would type it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import refused, run
from gate_people import people

from synthtab.results import BoardResult, Role

SMALL = ("--seeds", "2", "--workers", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compare")
    people(300).to_csv(path / "people.csv", index=False)
    return path


def test_compare_shows_the_board_and_writes_page_and_figures(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row a synthesizer, advice, why one failed, two files: exit 0 while another could be fitted."""
    # wide enough for the heads of the table to stand on one line, wherever the tests run
    monkeypatch.setenv("COLUMNS", "140")
    words = ("--synthesizer", "independent(quantiles=20)", "--synthesizer", "gaussian", "--target", "ill")
    done = run("compare", folder / "people.csv", *words, *SMALL, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"board.html", "board.json"}
    board = BoardResult.from_json((tmp_path / "out" / "board.json").read_text(encoding="utf-8"))
    assert [row.name for row in board.rows if row.role is Role.CONTENDER and row.fits] == [words[1]]
    assert board.settings.targets == ("ill",)
    assert board.settings.seeds == (0, 1)
    told = " ".join(done.stdout.split())
    for text in ("fit (s)", "may go to", words[1], "gaussian failed:", "numeric columns", board.summary):
        assert " ".join(text.split()) in told
    for item in board.recommendations:
        assert f"{item.label}: " in told
    assert "<script" not in (tmp_path / "out" / "board.html").read_text(encoding="utf-8")


def test_a_board_on_which_nothing_can_be_fitted_leaves_with_1(folder: Path) -> None:
    """Every refit of the only synthesizer fails: exit 1; ``--json`` prints the board all the same."""
    done = run("compare", folder / "people.csv", "--synthesizer", "gaussian", *SMALL, "--json")
    assert done.exit_code == 1, done.stderr
    row = BoardResult.from_json(done.stdout).row("gaussian")
    assert row.fits == 0
    assert "numeric columns" in row.failures[0]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("people.csv", "--synthesizer", "independant"), "'independent'"),
        (("people.csv", "--synthesizer", "independent", "--target", "il"), "'ill'"),
        (("absent.csv", "--synthesizer", "independent"), "absent.csv"),
        (("people.csv", "--synthesizer", "independent", "--out", "people.csv"), "is a file"),
        (("people.csv",), "--synthesizer"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    words: tuple[str, ...], told: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped name or column, no table, a file for a folder, nobody to compare: exit 2 and what to do."""
    monkeypatch.chdir(folder)
    refused(run("compare", *words, *SMALL), told)
