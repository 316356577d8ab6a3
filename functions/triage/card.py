"""The model card: everything the server needs to be honest, in one versioned schema.

`training.card` writes it, `functions.triage` reads it, `GET /v1/model` shows it.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Probability = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(_Strict):
    """A figure with its 95 % bootstrap interval, resampled by lesion."""

    value: Probability = Field(description="Of the photos as they are.")
    low: Probability = Field(description="2.5th percentile of the resamples.")
    high: Probability = Field(description="97.5th percentile of the resamples.")


class Proportion(_Strict):
    """A share with its exact 95 % interval (Clopper and Pearson 1934)."""

    value: Probability = Field(description="`count` / `of`.")
    low: Probability = Field(description="Lower end of the interval.")
    high: Probability = Field(description="Upper end of the interval.")
    count: Annotated[int, Field(ge=0)] = Field(description="How many.")
    of: Annotated[int, Field(ge=1)] = Field(description="Of how many.")


class OperatingPoint(_Strict):
    """What a yes-or-no question reaches at one threshold of its probability."""

    threshold: float = Field(description="Yes from it on.")
    sensitivity: Probability = Field(description="Share of the yes that is called yes.")
    specificity: Probability = Field(description="Share of the no that is called no.")
    accuracy: Probability = Field(description="Share of all that is called right.")


class Evaluation(_Strict):
    """What the served file reached on one set of photos; a figure that the set cannot give is null."""

    photos: int = Field(description="How many photos.")
    lesions: int = Field(description="How many lesions they show.")
    malignant_photos: int = Field(description="How many of the photos show a malignant lesion.")
    malignant_auroc: Interval | None = Field(description="Of P(malignant), malignant against benign photos.")
    diagnosis_auroc: dict[str, Probability] = Field(description="Each diagnosis against the rest.")
    macro_auroc: Probability | None = Field(description="Mean of `diagnosis_auroc` when all diagnoses occur.")
    accuracy: Probability = Field(description="Of the most probable of the seven diagnoses.")
    balanced_accuracy: Probability = Field(description="Mean recall of the diagnoses that occur.")
    expected_calibration_error: Probability = Field(
        description="Of P(malignant), 15 bins of equal width (Guo 2017, section 2)."
    )
    brier: Probability = Field(description="Mean squared error of P(malignant).")
    called: dict[Literal["low", "watch", "urgent"], Probability] = Field(description="Share of photos in each band.")
    malignant_called_low: Probability | None = Field(description="Share of malignant photos in the band `low`.")
    benign_called_urgent: Probability | None = Field(description="Share of benign photos in the band `urgent`.")
    average_precision: Probability | None = Field(None, description="Of P(malignant): area of precision over recall.")
    partial_auroc: Annotated[float, Field(ge=0, le=0.2)] | None = Field(
        None,
        description="Of P(malignant): area above sensitivity 0.80, 0..0.2 (the figure of the ISIC 2024 challenge).",
    )
    sensitivity_at_90_specificity: Probability | None = Field(
        None, description="Of P(malignant): the highest at a specificity of at least 0.90."
    )
    malignant_lesions_called_low: Proportion | None = Field(
        None,
        description="Malignant lesions whose first photo in the manifest is in the band `low`: checks the guarantee.",
    )
    diagnosis_auroc_intervals: dict[str, Interval] = Field(
        default_factory=dict, description="`diagnosis_auroc` of melanoma and basal cell carcinoma with its interval."
    )
    melanoma_on_curve: OperatingPoint | None = Field(
        None,
        description="Melanoma or not: the highest accuracy at a sensitivity of at least 0.70 on this set's own ROC "
        "curve. The threshold is chosen on the photos it is judged on, as in published figures: it flatters.",
    )
    melanoma_preset: OperatingPoint | None = Field(
        None, description="Melanoma or not, at the threshold of `melanoma_on_curve` of the set `choose`."
    )


class Cutoffs(_Strict):
    """Where the bands of P(malignant) meet, and what was promised when they were chosen."""

    low_below: Probability = Field(description="P(malignant) under it is in the band `low`.")
    urgent_from: Probability = Field(description="P(malignant) from it on is in the band `urgent`.")
    guarantee: str = Field(description="What was promised when the cut-offs were chosen, and for which photos.")
    confidence: Probability | None = Field(
        None, description="That at most 5 % of malignant lesions like those it was chosen on lie under `low_below`."
    )
    malignant_lesions: Annotated[int, Field(ge=0)] | None = Field(
        None, description="How many malignant lesions chose `low_below`."
    )
    rank: Annotated[int, Field(ge=0)] | None = Field(
        None, description="`low_below` is the rank-th lowest P(malignant) among them; 0: nothing is called low."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low_below > self.urgent_from:
            message = f"low_below {self.low_below} must not lie above urgent_from {self.urgent_from}"
            raise ValueError(message)
        return self


class PredictiveValue(_Strict):
    """What a band says about a lesion where malignant ones are as frequent as stated."""

    prevalence: Probability = Field(description="Share of malignant lesions among those photographed.")
    ppv: dict[Literal["low", "watch", "urgent"], Probability | None] = Field(
        description="P(malignant | band) = s p / (s p + f (1 - p)): p the prevalence, s and f the shares of malignant "
        "and of benign test photos in the band (Altman and Bland 1994); null for an empty band."
    )
    npv: dict[Literal["low", "watch", "urgent"], Probability | None] = Field(
        description="P(benign | band) = 1 - `ppv`."
    )


class Group(_Strict):
    """What the served file reached on the test photos of one group of people, spots or sources."""

    name: str = Field(description="Of the group.")
    photos: int = Field(description="How many photos.")
    lesions: int = Field(description="How many lesions they show.")
    malignant_lesions: int = Field(description="How many of them are malignant.")
    malignant_auroc: Interval | None = Field(description="Of P(malignant); null where the group is too small.")
    sensitivity_watch: Proportion | None = Field(description="Malignant lesions called watch or urgent.")
    sensitivity_urgent: Proportion | None = Field(description="Malignant lesions called urgent.")
    specificity_watch: Proportion | None = Field(description="Benign lesions called low.")
    specificity_urgent: Proportion | None = Field(description="Benign lesions called low or watch.")
    too_few: str | None = Field(description="Why figures are absent; null where none is.")


class Grouping(_Strict):
    """One way to divide the test photos, each group's figures, and the group that fares worst."""

    about: str = Field(description="What divides the photos, from which source, and what it cannot say.")
    groups: list[Group] = Field(
        description="Shares count each lesion once, by its first photo in the manifest; AUROC counts photos."
    )
    worst: str | None = Field(description="The group with the lowest AUROC; null where fewer than two have one.")


class Disturbance(_Strict):
    """What one change of the photos at one strength does to the answers."""

    kind: str = Field(description="What was done to each photo.")
    strength: str = Field(description="How strongly, with its unit.")
    malignant_auroc: Probability = Field(description="Of P(malignant), disturbed.")
    fall: float = Field(description="AUROC undisturbed less AUROC disturbed.")
    band_changed: Probability = Field(description="Share of photos in another band than before.")
    malignant_newly_low: Probability = Field(description="Share of malignant photos that fall into the band `low`.")


class Robustness(_Strict):
    """How the answers change when the photos are worse than those of the test set."""

    photos: int = Field(description="How many photos, half of them malignant where the data allows.")
    malignant_photos: int = Field(description="How many of them are malignant.")
    malignant_auroc: Probability = Field(description="Undisturbed.")
    seed: int = Field(description="Of the choice of photos and of every drawn mark.")
    disturbances: list[Disturbance] = Field(description="In the order they were made.")
    worst: str = Field(description="Kind and strength with the largest fall.")


class PersonEffect(_Strict):
    """What age, sex and site say beside the photo: naive Bayes, learned within origins, shrunk by one factor."""

    shrink: Annotated[float, Field(ge=0)] = Field(description="Multiplies every ratio; fitted on the choosing photos.")
    log_ratios: dict[Literal["age", "sex", "site"], dict[str, list[float]]] = Field(
        description="ln P(value | diagnosis) / P(value) by fact and value, ordered as `classes`."
    )


class QualityThresholds(_Strict):
    """What a photo must reach to be judged; each measured on the square of the card's `input_size`."""

    brightness_from: Annotated[float, Field(ge=0, le=255)] = Field(description="Below it the photo is dark.")
    glare_to: Probability = Field(description="Above it the photo has glare.")
    sharpness_from: Annotated[float, Field(ge=0)] = Field(description="Below it the photo is blurred.")
    contrast_from: Annotated[float, Field(ge=0)] = Field(description="Below it no spot is in the frame.")
    chosen: str = Field(description="How, and on which photos.")


class NoveltyRule(_Strict):
    """When a photo is unlike anything seen: `novelty.npz` of the package holds what it is compared with."""

    refuse_above: Annotated[float, Field(gt=0)] = Field(
        description="Distance of `texture` from the plane through the photos it learned from."
    )
    components: Annotated[int, Field(ge=1)] = Field(description="Dimensions of that plane.")
    phone_weight: Annotated[float, Field(ge=0, lt=1)] = Field(
        description="Weight of the phone photos, which taught nothing else, beside the photos it learned from."
    )
    chosen: str = Field(description="How, and on which photos.")


class DomainRule(_Strict):
    """Whether a photo looks dermoscopic or clinical: a linear rule on the coordinates in the plane of the novelty."""

    clinical_from: float = Field(description="The rule's value from it on is clinical.")
    chosen: str = Field(description="How, and on which photos.")
    sensitivity: Proportion | None = Field(description="Clinical photos called clinical, cross-validated by patient.")
    specificity: Proportion | None = Field(description="Dermoscopic photos of the test set called dermoscopic.")


class Refusals(_Strict):
    """How many photos of one set are answered `unsure`."""

    refused: Proportion | None = Field(description="For any reason; null of no photos.")
    reasons: dict[Literal["not_skin", "blurred", "dark", "glare", "not_in_frame"], Probability] = Field(
        description="Share of photos by reason; one photo may have several."
    )


class ChecklistCount(_Strict):
    """How far a reporting check-list is answered; the report holds the answers."""

    items: int = Field(description="How many items it has.")
    answered: int = Field(description="How many are answered.")
    refused: int = Field(description="How many are refused with a reason.")


View = Literal["as taken", "turned by half"]


class StoredForm(_Strict):
    """One way to store the network's kernels, against float32 on the choosing photos."""

    bytes: int = Field(description="Size of the file.")
    auroc_fall: float = Field(description="Malignant AUROC in float32 less that of this form.")
    share_within: Probability = Field(description="Share of photos whose P(malignant) moves by at most 0.02.")
    largest_move: Probability = Field(description="Of P(malignant).")


class TrainingData(_Strict):
    """Which photos taught, chose and judged."""

    name: str = Field(description="Of the set of photos.")
    snapshot_sha256: str = Field(description="Of the manifest as read, in canonical CSV.")
    folds: dict[Literal["train", "choose", "test"], list[int]] = Field(description="Of the set, by their use.")
    photos: dict[Literal["train", "choose", "test"], int] = Field(description="How many, by their use.")
    lesions: dict[Literal["train", "choose", "test"], int] = Field(description="How many, by their use.")
    origins: list[str] = Field(description="Where the photos come from.")
    licence: str = Field(description="Of the photos.")


class Card(_Strict):
    """What a model is, what it was made from, what it reached, and what it must not be used for."""

    schema_version: Literal[1] = Field(1, description="Of this card's form.")
    version: str = Field(description="Date of the training and the start of the training photos' hash.")
    created: str = Field(description="Date, RFC 3339.")
    network: str = Field(description="The network's kind, and how it is stored.")
    views: list[View] = Field(
        ["as taken"], min_length=1, description="Of each photo, whose logits are averaged: each costs one pass."
    )
    stored_as: str = Field("float16", description="Which of `stored_forms` serves.")
    stored_forms: dict[str, StoredForm] = Field(
        default_factory=dict, description="The fastest whose answers are as good as float32's serves."
    )
    input_size: Annotated[int, Field(ge=75)] = Field(description="Side of the square input, pixels.")
    classes: list[str] = Field(description="Codes of the diagnoses in the order of the network's logits.")
    malignant: list[str] = Field(description="The codes whose probabilities sum to P(malignant).")
    diagnosis_names: dict[str, str] = Field(description="The diagnoses in words, by code.")
    temperature: Annotated[float, Field(gt=0)] = Field(description="Divides the logits.")
    biases: list[float] = Field(description="Added to the divided logits, in the order of `classes`.")
    cutoffs: Cutoffs = Field(description="Where the bands meet.")
    evaluations: dict[str, Evaluation] = Field(
        description="By set: `choose`, `test`, parts of `test` by family of origins and by origin, `phone`."
    )
    person: PersonEffect | None = Field(
        None, description="How a told age, sex and site change the probabilities; null: they are not used."
    )
    predictive_values: list[PredictiveValue] = Field(
        default_factory=list, description="Of the bands on the test photos, at stated prevalences."
    )
    groupings: dict[str, Grouping] = Field(
        default_factory=dict, description="For whom: the test photos by sex, age, site, origin, dx_type, skin tone."
    )
    robustness: Robustness | None = Field(None, description="Under what: disturbed photos; null where not measured.")
    quality: QualityThresholds | None = Field(None, description="What a photo must reach; null: not looked at.")
    novelty: NoveltyRule | None = Field(None, description="When a photo is no skin; null: not looked at.")
    domain: DomainRule | None = Field(None, description="Dermoscopic or clinical; null: not looked at.")
    refusals: dict[str, Refusals] = Field(
        default_factory=dict, description="Photos answered `unsure`, by set: `test`, `phone`, `everyday`, drawn ones."
    )
    checklists: dict[str, ChecklistCount] = Field(
        default_factory=dict, description="Reporting check-lists of the field, by name."
    )
    parity: float = Field(description="Largest |difference| of a probability, served file against the network.")
    data: TrainingData = Field(description="Which photos taught, chose and judged.")
    licence: str = Field(description="Of this model.")
    intended_use: str = Field(description="What the model is for, and what not.")
    limits: list[str] = Field(description="What is known to make it wrong.")

    @model_validator(mode="after")
    def _codes_agree(self) -> Self:
        unknown = [code for code in self.malignant if code not in self.classes]
        if unknown or set(self.diagnosis_names) != set(self.classes) or len(self.biases) != len(self.classes):
            message = f"malignant, diagnosis_names and biases must be of the classes {self.classes}"
            raise ValueError(message)
        ratios = [row for rows in self.person.log_ratios.values() for row in rows.values()] if self.person else []
        if any(len(row) != len(self.classes) for row in ratios):
            message = f"each row of person.log_ratios must have {len(self.classes)} values, one a class"
            raise ValueError(message)
        if self.domain and not self.novelty:
            message = "domain needs novelty: its rule lies in the novelty's plane"
            raise ValueError(message)
        return self
