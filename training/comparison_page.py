"""A comparison as one table and one figure: Markdown, HTML, and learning curves as PNG."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from functions.triage.card import Interval
    from training.compare import Comparison, Judged

_BLUE, _ORANGE = "#0072b2", "#d55e00"
_FIGURE = "learning_curves.png"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:96rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;"
    "background:#fff}div{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem}"
    "th,td{padding:.3rem .6rem;border-bottom:1px solid #ccc;text-align:left;white-space:nowrap}"
    "img{max-width:100%;height:auto}"
)
_NO_LEAK = (
    "No lesion, patient or near-duplicate lies in two sets; the run refuses such a split. Nothing but pixels enters a "
    "network. Every figure is of the ONNX file on the test photos, decoded as the service decodes them, calibrated by "
    "temperature and bias on the choosing photos."
)
_COLUMNS = (
    "auc, ap, balanced_accuracy: as the public ISIC scorer names them; ap, pAUC, sensitivity, ECE and Brier are of "
    "P({score}); in brackets 95 % bootstrap intervals over lesions. pAUC: the area between the ROC curve and "
    "sensitivity 0.8, from 0 to 0.2 (ISIC 2024); 0.02 is chance. ECE: 15 bins of equal width. Milliseconds: median of "
    "one photo after decoding, one thread of this machine's processor, all networks in one run. Minutes: of training, "
    "as its epochs were timed; other work shared the two cores. Photos and folds are the same for all. InceptionV3 is "
    "the shipped model, with its release's augmentation and weighting; the others share theirs. Input size and number "
    "of epochs are what a few minutes allowed: what starts from random weights is far from the end of its learning "
    "curve."
)
_BY_ORIGIN = (
    "auc of P({score}) on the photos of one origin. Photos of these origins are among the training photos: this is "
    "not what a network reaches at an unknown hospital."
)
_UNSEEN_ORIGIN = (
    "auc of P({score}) on the photos of one origin, none of which is among the training photos; beside it, in the "
    "comparison under preset folds, the same network on the same photos after it learned from others of that origin."
)
_CURVES = (
    "Training figures are of augmented, weighted photos, within the epoch; validation figures "
    "are of the choosing photos, with averaged weights, after it. Hence validation can lie above training."
)


def write_comparison(folder: Path, found: Comparison) -> None:
    """Write `comparison.md`, `comparison.html` and `learning_curves.png` into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if found.judged:
        _draw(folder / _FIGURE, found.judged)
    blocks = _blocks(found)
    (folder / "comparison.md").write_text(_markdown(blocks), encoding="utf-8")
    (folder / "comparison.html").write_text(_html(found.protocol.title, blocks), encoding="utf-8")


# A block is a heading ("# ..."), a paragraph, a figure, or a table (its rows, the first of which is its head).
_Block = str | list[list[str]]


def _blocks(found: Comparison) -> list[_Block]:
    protocol = found.protocol
    counts = [
        [name, f"{count.photos:,}", f"{count.lesions:,}", f"{count.positive:,}"] for name, count in found.counts.items()
    ]
    blocks: list[_Block] = [
        f"# Comparison of networks. {protocol.title}",
        f"{protocol.about} {protocol.published}".strip(),
        [["set", "photos", "lesions", f"positive photos ({protocol.score})"], *counts],
        _NO_LEAK,
        "## Figures",
        _table(found),
        _COLUMNS.format(score=protocol.score),
        *(f"Absent: {network}, {reason}." for network, reason in found.absent.items()),
    ]
    origins = sorted({origin for judged in found.judged for origin in judged.by_origin})
    if origins:
        blocks += [
            "## By origin of the test photos",
            [
                ["network", *origins],
                *(
                    [judged.trained.title, *(_interval(judged.by_origin.get(origin)) for origin in origins)]
                    for judged in found.judged
                ),
            ],
            (_UNSEEN_ORIGIN if protocol.unseen else _BY_ORIGIN).format(score=protocol.score),
        ]
    if found.judged:
        figure = f"![Accuracy and loss of each network by epoch]({_FIGURE})"
        blocks += ["## Learning curves", figure, _CURVES]
    return blocks


def _table(found: Comparison) -> list[list[str]]:
    asked = list(dict.fromkeys(name for judged in found.judged for name in judged.figures.auc))
    head = [
        "network",
        "starts from",
        "input",
        "parameters",
        "epochs",
        "minutes",
        "accuracy",
        "balanced_accuracy",
        *(f"auc {name}" for name in asked),
        "pAUC above 80 % sensitivity",
        "ap",
        "sensitivity at 90 % specificity",
        "ECE",
        "Brier",
        "ms",
        "MB",
        "stored as",
    ]
    return [head, *(_row(judged, asked) for judged in found.judged)]


def _row(judged: Judged, asked: Sequence[str]) -> list[str]:
    trained, figures = judged.trained, judged.figures
    return [
        trained.title,
        trained.start,
        f"{trained.size} px",
        f"{trained.parameters:,}",
        str(len(trained.history)),
        f"{trained.minutes:.0f}",
        f"{figures.accuracy:.3f}",
        f"{figures.balanced_accuracy:.3f}",
        *(_interval(figures.auc.get(name)) for name in asked),
        f"{figures.pauc_80:.3f}",
        f"{figures.ap:.3f}",
        f"{figures.sensitivity_at_specificity_90:.3f}",
        f"{figures.expected_calibration_error:.3f}",
        f"{figures.brier:.3f}",
        f"{judged.milliseconds:.1f}",
        f"{judged.megabytes:.1f}",
        trained.stored,
    ]


def _interval(value: Interval | None) -> str:
    return "-" if value is None else f"{value.value:.3f} ({value.low:.3f}-{value.high:.3f})"


def _markdown(blocks: Sequence[_Block]) -> str:
    parts = []
    for block in blocks:
        if isinstance(block, str):
            parts.append(block)
        else:
            head, *rows = (f"| {' | '.join(row)} |" for row in block)
            parts.append("\n".join([head, "|---" * len(block[0]) + "|", *rows]))
    return "\n\n".join(parts) + "\n"


def _html(title: str, blocks: Sequence[_Block]) -> str:
    body = "\n".join(_element(block) for block in blocks)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _element(block: _Block) -> str:
    if not isinstance(block, str):
        head, *rows = block
        cells = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
        lines = "\n".join(
            f'<tr><th scope="row">{escape(row[0])}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in rows
        )
        return f"<div><table>\n<thead><tr>{cells}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table></div>"
    if block.startswith("!["):
        text, _, address = block[2:-1].partition("](")
        return f'<p><img src="{escape(address)}" alt="{escape(text)}"></p>'
    if block.startswith("#"):
        marks, _, text = block.partition(" ")
        return f"<h{len(marks)}>{escape(text)}</h{len(marks)}>"
    return f"<p>{escape(block)}</p>"


def _draw(path: Path, judged: Sequence[Judged]) -> None:
    figure, axes = plt.subplots(
        2, len(judged), figsize=(3.2 * len(judged) + 1, 5.5), layout="constrained", squeeze=False, sharey="row"
    )
    for column, one in enumerate(judged):
        history = one.trained.history
        epochs = np.arange(1, len(history) + 1)
        for axis, name in zip(axes[:, column], ("accuracy", "loss"), strict=True):
            axis.plot(epochs, [row[name] for row in history], "o-", ms=3, color=_ORANGE, label="training")
            axis.plot(epochs, [row[f"val_{name}"] for row in history], "s-", ms=3, color=_BLUE, label="validation")
            axis.set_xlim(0.5, len(history) + 0.5)
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
            axis.grid(visible=True, lw=0.3)
        axes[0, column].set_title(one.trained.title, fontsize=10)
        axes[1, column].set_xlabel("epoch")
    axes[0, 0].set_ylabel("accuracy")
    axes[1, 0].set_ylabel("loss (cross-entropy)")
    axes[0, 0].legend(fontsize=8)
    # Without the library's version in the file, the same figures give the same bytes.
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)
