"""The manifest: one row a photo, in ISIC's column names, checked whole before anything is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from training.errors import ManifestInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DIAGNOSES = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
MALIGNANT = ("mel", "bcc", "akiec")

# The archive's own terms, and the codes of its challenges, by the seven codes that the model knows.
# Squamous cell carcinoma counts with akiec, whose Bowen's disease is its in-situ form.
_CODE_OF = {
    "ak": "akiec",
    "scc": "akiec",
    "actinic keratosis": "akiec",
    "solar or actinic keratosis": "akiec",
    "squamous cell carcinoma": "akiec",
    "basal cell carcinoma": "bcc",
    "bkl": "bkl",
    "sk": "bkl",
    "seborrheic keratosis": "bkl",
    "pigmented benign keratosis": "bkl",
    "lichenoid keratosis": "bkl",
    "solar lentigo": "bkl",
    "dermatofibroma": "df",
    "melanoma": "mel",
    "nevus": "nv",
    "vascular lesion": "vasc",
    **{code: code for code in DIAGNOSES},
}

# The columns that a manifest must have, and those it may have; further ones are not read.
REQUIRED = ("image_name", "diagnosis")
OPTIONAL = (
    "path",
    "lesion_id",
    "patient_id",
    "group_id",
    "sex",
    "age_approx",
    "anatom_site_general_challenge",
    "benign_malignant",
    "target",
    "dx_type",
    "origin",
    "licence",
    "fold",
)


def read_manifest(csv: Path, photos: Path | None = None) -> pd.DataFrame:
    """Read a manifest and check every row.

    Args:
        csv: a CSV file with at least `image_name` and `diagnosis`. Photos lie beside it, at `path` where
            that column exists, else at `images/<image_name>.jpg`.
        photos: the folder that they lie in instead.

    Returns:
        One row a photo, all columns as text save `fold` (int64, only where given) and `target` (0 or 1);
        `diagnosis` holds one of `DIAGNOSES`, `file` the photo's absolute path; absent columns are empty.

    Raises:
        ManifestInvalid: with every complaint, by line.

    """
    try:
        table = pd.read_csv(csv, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ManifestInvalid(csv, [f"cannot be read as CSV: {error}"]) from error
    absent = [name for name in REQUIRED if name not in table.columns]
    if absent:
        raise ManifestInvalid(csv, [f"has no column {name!r}; columns are {list(table.columns)}" for name in absent])
    table = table.reindex(columns=[*REQUIRED, *OPTIONAL], fill_value="").map(str.strip)
    codes = table["diagnosis"].map(code_of)
    paths = table["path"].where(table["path"] != "", "images/" + table["image_name"] + ".jpg")
    table["file"] = [str((photos or csv.parent) / path) for path in paths]

    complaints = [
        *_complain(table.index[codes.isna()], table["diagnosis"], "diagnosis {!r} is not known"),
        *_complain(table.index[table["image_name"] == ""], table["image_name"], "image_name is empty"),
        *_complain(table.index[table["image_name"].duplicated()], table["image_name"], "image_name {!r} comes twice"),
        *_complain(table.index[~table["fold"].str.fullmatch(r"\d*")], table["fold"], "fold {!r} is not a whole number"),
        *_complain(_contradictions(table, codes), table["target"], "target {!r} contradicts the diagnosis"),
    ]
    if complaints:
        raise ManifestInvalid(csv, complaints)
    table["diagnosis"] = codes
    table["target"] = codes.isin(MALIGNANT).astype("int64")
    if (table["fold"] != "").all():
        table["fold"] = table["fold"].astype("int64")
    return table


def code_of(diagnosis: str) -> str | None:
    """Return which of `DIAGNOSES` a term of the archive or of its challenges means; None where it is not known."""
    # `lesions.csv` spells the archive's ", nos" (not otherwise specified) only in its detail column.
    return _CODE_OF.get(diagnosis.strip().lower().removesuffix(", nos"))


def labels_of(table: pd.DataFrame) -> NDArray[np.int64]:
    """Return the number in `DIAGNOSES` of each row's diagnosis."""
    return np.array([DIAGNOSES.index(code) for code in table["diagnosis"]], dtype=np.int64)


def _contradictions(table: pd.DataFrame, codes: pd.Series) -> pd.Index:
    expected = codes.isin(MALIGNANT).map({True: "1", False: "0"})
    return table.index[(table["target"] != "") & (table["target"] != expected)]


def _complain(rows: pd.Index, values: pd.Series, message: str) -> list[str]:
    """Return one complaint a row; line 1 of the file is its header."""
    return [f"line {row + 2}: {message.format(values[row])}" for row in rows]
