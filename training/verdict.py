"""What the gate is told, by which rules it judges, and what it says: the schemas of `training.gate`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from functions.triage.card import Cutoffs, Interval
from training.calibrate import MALIGNANT_CALLED_LOW

Outcome = Literal["passed", "refused", "skipped"]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rules(_Strict):
    """How much worse a candidate may be; `gate-error-rates` tells what these sizes cost (`training/EXPERIMENTS.md`)."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        0.05, description="Chance that a rule lets through a candidate that lies just at its margin."
    )
    auroc_margin: Share = Field(
        0.02,
        description="That the malignant AUROC may fall: a candidate that is worse by so much is let through with "
        "probability alpha, and an equal one seldom refused, as the test set just allows.",
    )
    sensitivity_margin: Share = Field(
        0.08,
        description="That the sensitivity may fall at the champion's specificity: on 281 malignant photos four "
        "standard errors of the difference where the two models' scores correlate by 0.97, three where by 0.90.",
    )
    calibration_error_to: Share = Field(0.05, description="Highest calibration error: what each release must keep.")
    calibration_margin: Share = Field(
        0.02, description="That the calibration error may rise: over three times what chance moves it between equals."
    )
    group_auroc_margin: Share = Field(
        0.05, description="That a group's AUROC may fall, if the fall is beyond chance: groups are too small for less."
    )
    group_sensitivity_margin: Share = Field(
        0.10, description="That a group's sensitivity may fall, if the fall is beyond chance."
    )
    group_auroc_from: Share = Field(
        0.70,
        description="Under which no group's AUROC may evidently lie: below it, discrimination is called poor (Hosmer, "
        "Lemeshow and Sturdivant 2013, section 5.2.4).",
    )
    called_low_to: Share = Field(
        MALIGNANT_CALLED_LOW, description="Share of malignant lesions called low that the cut-offs promise to keep."
    )
    leap_to: Share = Field(
        0.05,
        description="By which the AUROC may rise for certain before somebody has to explain it: several times what any "
        "release gained (`training/EXPERIMENTS.md`).",
    )
    suspicion: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        0.001, description="Chance of a fair candidate to look too good beside its choosing photos."
    )
    latency_factor: Annotated[float, Field(ge=1)] = Field(
        1.25, description="Of the champion's milliseconds: more would be felt, less is noise of a shared processor."
    )
    latency_slack_ms: Annotated[float, Field(ge=0)] = Field(
        5.0, description="That nobody feels: so much more is let through, whatever the factor says."
    )
    megabytes_to: Annotated[float, Field(gt=0)] = Field(50.0, description="Of the model's file, as each release keeps.")


class ModelFacts(_Strict):
    """What was measured of one model package beside its scores.

    `leaks` names photos it learned from that are tied to test photos; `unchecked` is why they could not be looked for,
    empty where they were. `golden` holds a sentence for each drawn photo that it does not answer as its package says.
    """

    version: str
    created: str
    model_sha256: str
    snapshot_sha256: str
    milliseconds: Annotated[float, Field(gt=0)]  # median of one photo, pixels ready, one thread
    megabytes: Annotated[float, Field(gt=0)]
    cutoffs: Cutoffs
    choose_auroc: Interval | None
    golden: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    unchecked: str = ""


class Facts(_Strict):
    """The facts of both models, measured on one machine in one go."""

    champion: ModelFacts
    candidate: ModelFacts


class Finding(_Strict):
    """What one rule saw and wanted. `saw` says why where it was skipped; `note` is what a reader should know beside."""

    rule: str
    title: str
    outcome: Outcome
    saw: str
    wanted: str
    note: str = ""

    @property
    def passed(self) -> bool:
        """Return whether the rule stands in nobody's way: it passed, or did not apply."""
        return self.outcome != "refused"


class Ranged(_Strict):
    """A figure, with its 95 % interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


class Figure(_Strict):
    """One figure of both models, and their difference, candidate less champion."""

    name: str
    unit: Literal["", "%", "ms", "MB"] = ""
    champion: Ranged
    candidate: Ranged
    difference: Ranged


class GroupFigures(_Strict):
    """Both models on the test photos of one group; `too_few` says why it is not judged, empty where it is."""

    grouping: str
    name: str
    photos: int
    lesions: int
    malignant_lesions: int
    auroc: Figure | None = None
    sensitivity: Figure | None = None
    too_few: str = ""


class TestSet(_Strict):
    """The photos that judged; `sha256` is `ScoreTable.truth_sha256`."""

    __test__ = False  # no class of tests

    sha256: str
    photos: int
    lesions: int
    malignant_photos: int
    malignant_lesions: int


class Curve(_Strict):
    """An ROC curve as points (1 - specificity, sensitivity)."""

    points: tuple[tuple[float, float], ...]


class Verdict(_Strict):
    """What the gate says of a candidate; stored for refused ones too.

    `test_set`, `figures`, `groups` and `curves` are absent where the two score tables cannot be compared.
    """

    format: Literal[1] = 1
    accepted: bool
    sentence: str
    created: str  # RFC 3339, UTC
    facts: Facts
    rules: Rules
    findings: tuple[Finding, ...]
    test_set: TestSet | None = None
    figures: tuple[Figure, ...] = ()
    groups: tuple[GroupFigures, ...] = ()
    curves: dict[Literal["champion", "candidate"], Curve] = Field(default_factory=dict)
