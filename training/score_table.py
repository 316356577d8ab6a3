"""What one model answered to the frozen test photos, a row a photo: the table that the gate compares.

As CSV: image_name, lesion_id, origin, sex, age_approx, diagnosis, target, p_malignant, and p_<code> of each diagnosis.
`lesion_id` is that of `training.evaluate.lesions_of`: a photo without a lesion is one of its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from training.errors import ScoresInvalid
from training.evaluate import lesions_of, logits_of
from training.manifest import DIAGNOSES, MALIGNANT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Self

    from numpy.typing import NDArray

    from functions.triage.scorer import Scorer

_TEXTS = ("image_name", "lesion_id", "origin", "sex", "age_approx", "diagnosis")
_SHARES = tuple(f"p_{code}" for code in DIAGNOSES)
COLUMNS = (*_TEXTS, "target", "p_malignant", *_SHARES)
_DECIMALS = 9
# Of probabilities that were written with fewer decimals elsewhere.
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class ScoreTable:
    """Truth and answer of n photos; `probabilities` are calibrated, (n, 7), in the order of `manifest.DIAGNOSES`."""

    names: NDArray[np.str_]
    lesions: NDArray[np.str_]
    origins: NDArray[np.str_]
    sexes: NDArray[np.str_]
    ages: NDArray[np.str_]  # years as the archive states them, or empty
    diagnoses: NDArray[np.str_]
    is_malignant: NDArray[np.bool_]
    p_malignant: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of photos."""
        return len(self.names)

    def rows(self, which: NDArray[np.int64]) -> Self:
        """Return the table of some rows, in the order given."""
        return type(self)(**{field.name: getattr(self, field.name)[which] for field in fields(self)})

    def by_name(self) -> Self:
        """Return the table in the order of the photos' names."""
        return self.rows(np.argsort(self.names, kind="stable"))

    def truth_sha256(self) -> str:
        """Return the hash of the photos' names, lesions and diagnoses: the same for all models of one test set."""
        truths = zip(self.names, self.lesions, self.diagnoses, strict=True)
        return hashlib.sha256("".join(sorted(f"{','.join(one)}\n" for one in truths)).encode()).hexdigest()


def score_table(
    scorer: Scorer, part: pd.DataFrame, on_progress: Callable[[int], None] = lambda _done: None
) -> ScoreTable:
    """Score photos with a model package, through the pixels and the file that serve.

    Args:
        scorer: the package, loaded.
        part: rows of the manifest (`training.manifest.read_manifest`).
        on_progress: called with the number of photos done.

    Raises:
        PhotoRejected: when a photo cannot be read.
        ScoresInvalid: when the package does not tell the diagnoses of this program.

    """
    if set(scorer.card.classes) != set(DIAGNOSES) or set(scorer.card.malignant) != set(MALIGNANT):
        raise ScoresInvalid(
            f"The model {scorer.card.version} tells {', '.join(scorer.card.classes)}, of which "
            f"{', '.join(scorer.card.malignant)} are malignant; the gate compares models that tell "
            f"{', '.join(DIAGNOSES)}, of which {', '.join(MALIGNANT)} are."
        )
    probabilities = scorer.calibrated(logits_of(scorer, list(part["file"]), on_progress))
    order = [scorer.card.classes.index(code) for code in DIAGNOSES]
    return ScoreTable(
        names=part["image_name"].to_numpy(str),
        lesions=lesions_of(part),
        origins=part["origin"].to_numpy(str),
        sexes=part["sex"].to_numpy(str),
        ages=part["age_approx"].to_numpy(str),
        diagnoses=part["diagnosis"].to_numpy(str),
        is_malignant=part["target"].to_numpy() == 1,
        p_malignant=scorer.malignant(probabilities),
        probabilities=probabilities[:, order],
    )


def write_scores(path: Path, table: ScoreTable) -> None:
    """Write a score table as CSV."""
    texts = (table.names, table.lesions, table.origins, table.sexes, table.ages, table.diagnoses)
    frame = pd.DataFrame(dict(zip(_TEXTS, texts, strict=True)))
    frame["target"] = table.is_malignant.astype(int)
    frame["p_malignant"] = table.p_malignant
    frame[list(_SHARES)] = table.probabilities
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, lineterminator="\n", float_format=f"%.{_DECIMALS}f")


def read_scores(path: Path) -> ScoreTable:
    """Read a score table and check every row.

    Raises:
        ScoresInvalid: with every complaint, by line.

    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ScoresInvalid(f"{path}: cannot be read as CSV: {error}") from error
    absent = [name for name in COLUMNS if name not in frame.columns]
    if absent:
        raise ScoresInvalid(f"{path}: the columns {', '.join(absent)} are missing.")
    if frame.empty:
        raise ScoresInvalid(f"{path}: holds no photo.")
    numbers = frame[["p_malignant", *_SHARES]].apply(pd.to_numeric, errors="coerce")
    complaints = _complaints(frame, numbers)
    if complaints:
        raise ScoresInvalid(f"{path}: {len(complaints)} complaint(s):", complaints)
    return ScoreTable(
        names=frame["image_name"].to_numpy(str),
        lesions=frame["lesion_id"].to_numpy(str),
        origins=frame["origin"].to_numpy(str),
        sexes=frame["sex"].to_numpy(str),
        ages=frame["age_approx"].to_numpy(str),
        diagnoses=frame["diagnosis"].to_numpy(str),
        is_malignant=frame["target"].to_numpy() == "1",
        p_malignant=numbers["p_malignant"].to_numpy(np.float64),
        probabilities=numbers[list(_SHARES)].to_numpy(np.float64),
    )


def _complaints(frame: pd.DataFrame, numbers: pd.DataFrame) -> list[str]:
    """Return one sentence a broken row and rule; line 1 of the file is its header."""
    expected = frame["diagnosis"].isin(MALIGNANT).map({True: "1", False: "0"})
    off = (numbers[list(_SHARES)].sum(axis=1) - 1).abs() > _SUM_TOLERANCE
    malignant = numbers[[f"p_{code}" for code in MALIGNANT]].sum(axis=1)
    is_probability = numbers.ge(0).all(axis=1) & numbers.le(1).all(axis=1)
    broken = {
        "image_name is empty": frame["image_name"] == "",
        "lesion_id is empty": frame["lesion_id"] == "",
        "image_name comes twice": frame["image_name"].duplicated(),
        "diagnosis is not known": ~frame["diagnosis"].isin(DIAGNOSES),
        "target contradicts the diagnosis": frame["target"] != expected,
        "a probability is not a number of 0 to 1": ~is_probability,
        "the probabilities do not sum to 1": is_probability & off,
        "p_malignant is not the sum of its diagnoses": is_probability
        & ((numbers["p_malignant"] - malignant).abs() > _SUM_TOLERANCE),
    }
    return [f"line {row + 2}: {text}" for text, rows in broken.items() for row in frame.index[rows]]
