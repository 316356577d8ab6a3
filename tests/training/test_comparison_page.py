from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from functions.triage.card import Interval
from training.compare import Comparison, Counts, Figures, Judged, Trained
from training.comparison_page import write_comparison
from training.protocols import PROTOCOLS

if TYPE_CHECKING:
    from pathlib import Path

AUC = Interval(value=0.8712, low=0.84, high=0.9)


def judged(title: str, epochs: int) -> Judged:
    history = [
        {"phase": "whole", "size": 128, "seconds": 90.0, "loss": 1.5, "accuracy": 0.5, "val_loss": 1.2}
        | {"val_accuracy": 0.6, "val_auroc": 0.8}
        for _ in range(epochs)
    ]
    trained = Trained(title.lower(), title, "random & <unknown>", "float32", 128, 1_234_567, history)
    figures = Figures(0.7, 0.5, {"malignant": AUC, "macro": AUC}, 0.123, 0.61, 0.55, 0.04, 0.11)
    return Judged(trained, figures, {"ham_vidir": AUC} if epochs > 1 else {}, 12.34, 4.5)


FOUND = Comparison(
    PROTOCOLS["folds"],
    {"train": Counts(9_000, 6_000, 2_000), "test": Counts(1_500, 1_100, 300)},
    [judged("One", 3), judged("Other", 1)],
    {"resnet50": "not trained yet"},
)


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag not in {"meta", "link"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in {"td", "th"}:
            self.cells.append(data)


def test_both_forms_say_the_same_figures(tmp_path: Path) -> None:
    write_comparison(tmp_path, FOUND)
    text = (tmp_path / "comparison.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| One | random"))
    cells = row.strip("| ").split(" | ")
    for cell in ("1,234,567", "3", "128 px", "0.871 (0.840-0.900)", "0.123", "12.3", "4.5"):
        assert cell in cells
    # 3 epochs of 90 s.
    assert cells[5] in {"4", "5"}
    page = Page((tmp_path / "comparison.html").read_text(encoding="utf-8"))
    assert set(cells) <= set(page.cells)
    assert page.images == [{"src": "learning_curves.png", "alt": "Accuracy and loss of each network by epoch"}]


def test_photos_and_lesions_stand_apart_and_the_absent_is_named(tmp_path: Path) -> None:
    write_comparison(tmp_path, FOUND)
    text = (tmp_path / "comparison.md").read_text(encoding="utf-8")
    assert "| test | 1,500 | 1,100 | 300 |" in text
    assert "Absent: resnet50, not trained yet." in text
    assert "| Other | - |" in text


def test_a_published_figure_stands_beside_its_preset(tmp_path: Path) -> None:
    write_comparison(tmp_path, dataclasses.replace(FOUND, protocol=PROTOCOLS["augmented"]))
    assert "92 % accuracy on 3,500 photos" in (tmp_path / "comparison.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("networks", [0, 5])
def test_the_figure_is_small_and_only_drawn_of_something(tmp_path: Path, networks: int) -> None:
    write_comparison(tmp_path, dataclasses.replace(FOUND, judged=[judged(f"Network {k}", 18) for k in range(networks)]))
    figure = tmp_path / "learning_curves.png"
    assert figure.exists() == bool(networks)
    assert not networks or figure.stat().st_size < 300_000
