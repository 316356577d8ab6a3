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


class Cutoffs(_Strict):
    """Where the bands of P(malignant) meet, and what was promised when they were chosen."""

    low_below: Probability = Field(description="P(malignant) under it is in the band `low`.")
    urgent_from: Probability = Field(description="P(malignant) from it on is in the band `urgent`.")
    guarantee: str = Field(description="What was promised when the cut-offs were chosen, and for which photos.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low_below > self.urgent_from:
            message = f"low_below {self.low_below} must not lie above urgent_from {self.urgent_from}"
            raise ValueError(message)
        return self


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
    input_size: Annotated[int, Field(ge=75)] = Field(description="Side of the square input, pixels.")
    classes: list[str] = Field(description="Codes of the diagnoses in the order of the network's logits.")
    malignant: list[str] = Field(description="The codes whose probabilities sum to P(malignant).")
    diagnosis_names: dict[str, str] = Field(description="The diagnoses in words, by code.")
    temperature: Annotated[float, Field(gt=0)] = Field(description="Divides the logits.")
    biases: list[float] = Field(description="Added to the divided logits, in the order of `classes`.")
    cutoffs: Cutoffs = Field(description="Where the bands meet.")
    evaluations: dict[str, Evaluation] = Field(
        description="By set: `choose`, `test`, and parts of `test` by family of origins and by origin."
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
        return self
