"""A run's report: JSON for programs, Markdown and figures for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import confusion_matrix, roc_curve

from functions.triage.scorer import columns_of, malignant_probability
from training.evidence import evidence_lines
from training.metrics import reliability

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from functions.triage.card import Card, Evaluation, Interval

FIGURES = ("roc", "reliability", "confusion", "learning_curves")
_COLUMNS = (
    "photos of",
    "photos",
    "lesions",
    "malignant",
    "malignant AUROC",
    "macro AUROC",
    "accuracy",
    "balanced accuracy",
    "ECE",
    "Brier",
    "malignant called low",
    "benign called urgent",
)
_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#767676"


def write_report(
    folder: Path,
    card: Card,
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int64],
    history: Sequence[dict[str, Any]],
) -> None:
    """Write `report.md` and its figures.

    Args:
        folder: made where it does not exist.
        card: with its evaluations.
        probabilities: of the test photos, calibrated, (n, classes).
        labels: class numbers of the test photos, (n,).
        history: one dict an epoch, from `fit`.

    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = columns_of(card.malignant, card.classes)
    is_malignant = np.isin(labels, columns)
    p = malignant_probability(probabilities, columns)
    _draw(folder / "roc.png", _roc, is_malignant, p, card)
    _draw(folder / "reliability.png", _reliability, is_malignant, p)
    _draw(folder / "confusion.png", _confusion, labels, probabilities.argmax(axis=1), card.classes)
    _draw_learning_curves(folder / "learning_curves.png", history)
    (folder / "report.md").write_text(_markdown(card, history), encoding="utf-8")


def _draw(path: Path, draw: Any, *content: Any) -> None:
    figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
    draw(axes, *content)
    # Without the library's version in the file, the same figures give the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _roc(axes: Axes, truth: NDArray[np.bool_], p: NDArray[np.float64], card: Card) -> None:
    false_positive, true_positive, _ = roc_curve(truth, p)
    axes.plot(false_positive, true_positive, color=_BLUE, label="P(malignant)")
    for name, cutoff, marker in (
        ("watch from", card.cutoffs.low_below, "o"),
        ("urgent from", card.cutoffs.urgent_from, "s"),
    ):
        called = p >= cutoff
        axes.plot(
            called[~truth].mean(), called[truth].mean(), marker, color=_ORANGE, label=f"{name} {cutoff:.3f}", ls=""
        )
    axes.plot([0, 1], [0, 1], color=_GREY, lw=0.8, ls=":")
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", title="Malignant against benign, test photos")
    axes.legend(loc="lower right")


def _reliability(axes: Axes, truth: NDArray[np.bool_], p: NDArray[np.float64]) -> None:
    bins = reliability(truth, p)
    count, predicted, observed = (np.array(column) for column in zip(*bins, strict=True))
    error = np.sqrt(observed * (1 - observed) / count)
    axes.plot([0, 1], [0, 1], color=_GREY, lw=0.8, ls=":")
    axes.errorbar(predicted, observed, yerr=error, fmt="o-", color=_BLUE, capsize=2)
    for x, y, n in zip(predicted, observed, count, strict=True):
        axes.annotate(str(n), (x, y), textcoords="offset points", xytext=(5, -11), fontsize=7, color=_GREY)
    axes.set(
        xlabel="predicted P(malignant)",
        ylabel="share that was malignant",
        title="Reliability, test photos (number of photos, one standard error)",
    )


def _confusion(axes: Axes, truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: Sequence[str]) -> None:
    counts = confusion_matrix(truth, predicted, labels=range(len(classes)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > shares.max() / 2 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="most probable diagnosis", ylabel="true diagnosis", title="Photos by diagnosis, test photos")


def _draw_learning_curves(path: Path, history: Sequence[dict[str, Any]]) -> None:
    figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
    epochs = np.arange(1, len(history) + 1)
    for axis, name, title in ((axes[0], "loss", "loss"), (axes[1], "accuracy", "accuracy of seven diagnoses")):
        axis.plot(epochs, [row[name] for row in history], "o-", color=_ORANGE, label="training (weighted, augmented)")
        axis.plot(epochs, [row[f"val_{name}"] for row in history], "o-", color=_BLUE, label="validation")
        axis.set(xlabel="epoch", title=title)
        axis.legend()
    axes[2].plot(epochs, [row["val_auroc"] for row in history], "o-", color=_BLUE, label="validation")
    axes[2].set(xlabel="epoch", title="malignant AUROC")
    axes[2].legend()
    for axis in axes:
        starts = [k for k in range(1, len(history)) if history[k]["phase"] != history[k - 1]["phase"]]
        for k in starts:
            axis.axvline(k + 0.5, color=_GREY, lw=0.8, ls=":")
    figure.savefig(path, dpi=90, metadata={"Software": None})
    plt.close(figure)


def _markdown(card: Card, history: Sequence[dict[str, Any]]) -> str:
    data = card.data
    lines = [
        f"# Model {card.version}",
        "",
        f"{card.intended_use}",
        "",
        f"{card.network}; input {card.input_size} x {card.input_size} pixels, temperature {card.temperature:.3f}.",
        f"Low below P(malignant) = {card.cutoffs.low_below:.4f}, urgent from {card.cutoffs.urgent_from:.4f}.",
        card.cutoffs.guarantee,
        f"The file differs from the trained network by at most {card.parity:.1e} in a probability.",
        "",
        "## Data",
        "",
        f"{data.name}; snapshot `{data.snapshot_sha256[:16]}`; {data.licence}",
        "",
        "| set | folds | photos | lesions |",
        "|---|---|---|---|",
        *(
            f"| {name} | {', '.join(map(str, folds))} | {data.photos[name]:,} | {data.lesions[name]:,} |"
            for name, folds in data.folds.items()
        ),
        "",
        "## What the served file reached",
        "",
        "AUROC with its 95 % bootstrap interval over lesions; ECE and Brier score of P(malignant).",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|---" * len(_COLUMNS) + "|",
        *(_row(name, evaluation) for name, evaluation in card.evaluations.items()),
        "",
        "Each diagnosis against the rest (AUROC):",
        "",
        "| photos of | " + " | ".join(card.classes) + " |",
        "|---" * (len(card.classes) + 1) + "|",
        *(
            f"| {name} | " + " | ".join(_number(evaluation.diagnosis_auroc.get(code)) for code in card.classes) + " |"
            for name, evaluation in card.evaluations.items()
        ),
        "",
        *evidence_lines(card),
        "## Figures",
        "",
        *(f"![{name.replace('_', ' ')}]({name}.png)" for name in FIGURES),
        "",
        "## Epochs",
        "",
        "| epoch | phase | size | loss | validation loss | validation accuracy | validation AUROC | seconds |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {number} | {row['phase']} | {row['size']} | {row['loss']:.3f} | {row['val_loss']:.3f} "
            f"| {row['val_accuracy']:.3f} | {row['val_auroc']:.4f} | {row['seconds']:.0f} |"
            for number, row in enumerate(history, start=1)
        ),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card.limits),
        "",
        f"Licence: {card.licence}",
        "",
    ]
    return "\n".join(lines)


def _row(name: str, found: Evaluation) -> str:
    cells = [
        name,
        f"{found.photos:,}",
        f"{found.lesions:,}",
        f"{found.malignant_photos:,}",
        _interval(found.malignant_auroc),
        _number(found.macro_auroc),
        _number(found.accuracy),
        _number(found.balanced_accuracy),
        _number(found.expected_calibration_error),
        _number(found.brier),
        _number(found.malignant_called_low),
        _number(found.benign_called_urgent),
    ]
    return "| " + " | ".join(cells) + " |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(value: Interval | None) -> str:
    return "-" if value is None else f"{value.value:.3f} ({value.low:.3f}-{value.high:.3f})"
