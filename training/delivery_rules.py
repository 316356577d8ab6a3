"""What may be wrong with a row of a delivery: one small function a rule, all judged, none stopping at the first find.

Pure: the table holds what was read of the rows and seen of their photos, `Known` what was there before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from training.likeness import twins
from training.manifest import MALIGNANT, code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# The folds that train, that choose, and the one that judges: as the shipped model's.
TRAIN_FOLDS = (0, 1, 2, 3, 4, 5, 6)
CHOOSE_FOLD = 7
TEST_FOLD = 8

# A name becomes part of addresses, and of the record of a withdrawn photo.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_FOLD = re.compile(r"[0-8]?")
_AGE = re.compile(r"([0-9]{1,3}(\.[0-9]+)?)?")
_OLDEST_YEARS = 120
_SEXES = frozenset({"", "male", "female", "unknown"})
_TARGETS = frozenset({"", "0", "1"})
_MALIGNITIES = frozenset({"", "benign", "malignant", "indeterminate"})
_TIES = ("lesion_id", "patient_id", "group_id")
# What tables write where nothing is known; as an id it would tie all such rows together.
_PLACEHOLDERS = frozenset({"unknown", "na", "n/a", "nan", "none", "null", "-", "?"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = 200
_LONGEST_PATH = 500
_LONGEST_PART = 255  # bytes; no file system takes a longer name

# What a rule found, by row: a sentence that a person can act on.
Found = dict[int, str]


@dataclass(frozen=True)
class Row:
    """One row of a delivery: the line it ends on, its values by ISIC's columns, and what was seen of its photo."""

    line: int
    values: dict[str, str]
    misfit: str = ""  # the line has too few or too many fields
    path_trouble: str = ""
    absent: bool = False
    trouble: str = ""  # why `pixels` refuses the photo
    sha256: str = ""
    extension: str = ""
    likeness: str = ""

    @property
    def name(self) -> str:
        """The photo's name in the archive."""
        return self.values["image_name"]

    @property
    def path(self) -> str:
        """Where the photo lies in its delivery."""
        return self.values["path"] or f"images/{self.name}.jpg"


@dataclass(frozen=True)
class Known:
    """What was there before a delivery."""

    # Photos that other deliveries brought, by name and by content: the delivery's name.
    names: dict[str, str] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    withdrawn_names: frozenset[str] = frozenset()
    withdrawn_contents: frozenset[str] = frozenset()
    # Rows of the frozen test set, each with `likeness`; None where none is frozen yet.
    test_set: Sequence[dict[str, str]] | None = None


@dataclass(frozen=True)
class Rule:
    """A rule by its name, and the reason why it cannot be judged without a test set where it needs one."""

    name: str
    judge: Callable[[Sequence[Row], Known], Found]
    needs_test_set: bool = False


def is_usable(name: str) -> bool:
    """Whether an image_name may become part of an address."""
    return _NAME.fullmatch(name) is not None


def path_trouble(path: str) -> str:
    """Return why a path may not be followed, as a text; empty where it stays within the delivery."""
    parts = PurePosixPath(path).parts
    if not parts or len(path) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_PART for part in parts):
        return "is empty or too long"
    if path.startswith(("/", "~")) or ":" in path or "\\" in path:
        return "is not relative to the delivery, with / between its parts"
    if ".." in parts:
        return "leads out of the delivery"
    if _CONTROL.search(path):
        return "holds control characters"
    return ""


def _line_fits(rows: Sequence[Row], _: Known) -> Found:
    return {at: row.misfit for at, row in enumerate(rows) if row.misfit}


def _name_is_usable(rows: Sequence[Row], _: Known) -> Found:
    return {
        at: f"image_name {shown(row.name)} must be 1 to 128 letters, digits, dots, hyphens and underscores"
        for at, row in enumerate(rows)
        if not is_usable(row.name)
    }


def _name_comes_once(rows: Sequence[Row], _: Known) -> Found:
    first: dict[str, int] = {}
    return {
        at: f"image_name {shown(row.name)} stands in line {rows[first[row.name]].line} already"
        for at, row in enumerate(rows)
        if first.setdefault(row.name, at) != at
    }


def _diagnosis_is_known(rows: Sequence[Row], _: Known) -> Found:
    return {
        at: f"diagnosis {shown(row.values['diagnosis'])} is none that the model learns"
        for at, row in enumerate(rows)
        if code_of(row.values["diagnosis"]) is None
    }


def _target_agrees(rows: Sequence[Row], _: Known) -> Found:
    return {at: said for at, row in enumerate(rows) if (said := _contradiction(row.values))}


def _contradiction(values: dict[str, str]) -> str:
    code = code_of(values["diagnosis"])
    target, malignity = values["target"], values["benign_malignant"].lower()
    if target not in _TARGETS:
        return f"target {shown(target)} is neither 0 nor 1"
    if malignity not in _MALIGNITIES:
        return f"benign_malignant {shown(malignity)} is neither benign nor malignant"
    if code is None:
        return ""
    is_malignant = code in MALIGNANT
    if target == ("0" if is_malignant else "1"):
        return f"target {target} contradicts the diagnosis {code}"
    if malignity == ("benign" if is_malignant else "malignant"):
        return f"benign_malignant {malignity} contradicts the diagnosis {code}"
    return ""


def _values_are_possible(rows: Sequence[Row], _: Known) -> Found:
    return {at: "; ".join(said) for at, row in enumerate(rows) if (said := list(_impossible(row.values)))}


def _impossible(values: dict[str, str]) -> Iterator[str]:
    age = values["age_approx"]
    if not _AGE.fullmatch(age) or (age and float(age) > _OLDEST_YEARS):
        yield f"age_approx {shown(age)} is not a number of years from 0 to {_OLDEST_YEARS}"
    if values["sex"].lower() not in _SEXES:
        yield f"sex {shown(values['sex'])} is none of male, female, unknown and empty"
    if not _FOLD.fullmatch(values["fold"]):
        yield f"fold {shown(values['fold'])} is not a whole number from 0 to {TEST_FOLD}"
    for tie in _TIES:
        if values[tie].lower() in _PLACEHOLDERS:
            yield f"{tie} {shown(values[tie])} names nothing; leave it empty where it is not known"
    for column, value in values.items():
        if len(value) > (_LONGEST_PATH if column == "path" else _LONGEST) or _CONTROL.search(value):
            yield f"{column} {shown(value)} is too long or holds control characters"


def _photo_lies_within(rows: Sequence[Row], _: Known) -> Found:
    return {at: f"path {shown(row.path)} {row.path_trouble}" for at, row in enumerate(rows) if row.path_trouble}


def _photo_is_there(rows: Sequence[Row], _: Known) -> Found:
    return {at: f"there is no photo at {shown(row.path)}" for at, row in enumerate(rows) if row.absent}


def _photo_is_readable(rows: Sequence[Row], _: Known) -> Found:
    return {at: row.trouble for at, row in enumerate(rows) if row.trouble}


def _content_comes_once(rows: Sequence[Row], _: Known) -> Found:
    """Refuse the second of two equal files, and both where they are said to show different diagnoses."""
    alike: dict[str, list[int]] = {}
    for at, row in enumerate(rows):
        if row.sha256:
            alike.setdefault(row.sha256, []).append(at)
    found: Found = {}
    for first, *others in alike.values():
        if len({code_of(rows[at].values["diagnosis"]) for at in (first, *others)}) > 1:
            lines = ", ".join(str(rows[at].line) for at in (first, *others))
            found |= dict.fromkeys((first, *others), f"lines {lines} are one photo with different diagnoses")
        else:
            found |= dict.fromkeys(others, f"the photo is that of line {rows[first].line}, byte for byte")
    return found


def _is_new(rows: Sequence[Row], known: Known) -> Found:
    found: Found = {}
    for at, row in enumerate(rows):
        if row.name in known.names:
            found[at] = f"image_name {shown(row.name)} came with the delivery {known.names[row.name]!r}"
        elif row.sha256 in known.contents:
            found[at] = f"the photo came with the delivery {known.contents[row.sha256]!r}, byte for byte"
    return found


def _is_not_withdrawn(rows: Sequence[Row], known: Known) -> Found:
    return {
        at: "the photo was withdrawn; nothing may learn from it"
        for at, row in enumerate(rows)
        if row.name in known.withdrawn_names or row.sha256 in known.withdrawn_contents
    }


def _test_set_is_closed(rows: Sequence[Row], _: Known) -> Found:
    return {
        at: f"fold {TEST_FOLD} is the test set's, which is frozen; leave the fold empty or give another"
        for at, row in enumerate(rows)
        if row.values["fold"] == str(TEST_FOLD)
    }


def _is_of_no_test_lesion(rows: Sequence[Row], known: Known) -> Found:
    frozen = {(tie, row[tie]) for row in known.test_set or () for tie in _TIES if row[tie]}
    found: Found = {}
    for at, row in enumerate(rows):
        shared = [tie for tie in _TIES if (tie, row.values[tie]) in frozen]
        if shared:
            found[at] = f"the test set holds photos of the same {' and '.join(shared)}; training on this one would leak"
    return found


def _is_no_test_twin(rows: Sequence[Row], known: Known) -> Found:
    frozen = list(known.test_set or ())
    alike = twins([row.likeness for row in rows], [row["likeness"] for row in frozen])
    nearest = {twin.one: twin for twin in sorted(alike, key=lambda twin: -twin.bits)}
    return {
        at: f"the photo looks like {frozen[twin.other]['image_name']!r} of the test set ({twin.bits} of 255 bits of "
        "their perceptual hashes differ); training on it would leak"
        for at, twin in nearest.items()
    }


RULES = (
    Rule("line fits", _line_fits),
    Rule("name is usable", _name_is_usable),
    Rule("name comes once", _name_comes_once),
    Rule("diagnosis is known", _diagnosis_is_known),
    Rule("target agrees", _target_agrees),
    Rule("values are possible", _values_are_possible),
    Rule("photo lies within", _photo_lies_within),
    Rule("photo is there", _photo_is_there),
    Rule("photo is readable", _photo_is_readable),
    Rule("content comes once", _content_comes_once),
    Rule("is new", _is_new),
    Rule("is not withdrawn", _is_not_withdrawn),
    Rule("test set is closed", _test_set_is_closed, needs_test_set=True),
    Rule("is of no test lesion", _is_of_no_test_lesion, needs_test_set=True),
    Rule("is no twin of a test photo", _is_no_test_twin, needs_test_set=True),
)
WITHDRAWN = "is not withdrawn"
NO_TEST_SET = "no test set is frozen yet"


def shown(value: Any) -> str:
    """Return a value as a message may show it: quoted, cut, without characters that act on a terminal."""
    text = str(value)
    return ascii(text if len(text) <= 60 else f"{text[:57]}...")  # noqa: PLR2004 - a line's width, not a rule
