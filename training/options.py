"""What a command line or a job's hyperparameters say, as typed settings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from training.architectures import ARCHITECTURES
from training.errors import RoomInvalid
from training.fit import PHASES, Fitting, Phase
from training.networks import SERVABLE
from training.protocols import PROTOCOLS
from training.run import Folds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from training.protocols import Protocol

_PHASE_FIELDS = "name:size:epochs:rate:last share of the rate:first layer that learns (none, all or a layer's name)"
# The smallest side that the card of a served model may state.
_SMALLEST_SIZE = 75
_SLASHES = 2


def parsed_folds(text: str) -> Folds:
    """Read `0-6/7/8`: the folds that train, choose and test; `0,2-4` lists and ranges.

    Raises:
        ValueError: when the text is not of that form, or a fold comes twice.

    """
    try:
        folds = Folds(*(_numbers(part) for part in text.split("/")))
    except (TypeError, ValueError) as error:
        raise ValueError("expected train/choose/test, such as 0-6/7/8") from error
    dealt = [*folds.train, *folds.choose, *folds.test]
    if text.count("/") != _SLASHES or len(set(dealt)) < len(dealt):
        raise ValueError("expected train/choose/test, each fold once, such as 0-6/7/8")
    return folds


def parsed_phases(text: str) -> tuple[Phase, ...]:
    """Read the phases of a fit, one after another with commas between.

    Raises:
        ValueError: when a phase is not of the form `_PHASE_FIELDS`, or two have one name.

    """
    phases = tuple(_phase(one.strip()) for one in text.split(","))
    if len({phase.name for phase in phases}) < len(phases):
        raise ValueError("two phases have one name; give each its own")
    return phases


class Hyperparameters(BaseModel):
    """What a job may be told; every field comes as text.

    Attributes:
        network: one of `networks.SERVABLE`.
        weights: `imagenet`, `none`, a file or s3://bucket/key; the file of the channel `weights` when not given, and
            else what the network usually starts from.
        folds: which folds train, choose and test.
        phases: stretches of the training.
        batch: photos a step, over all machines together.
        seed: of everything random.
        precision: `auto` takes bfloat16 where the processor computes in it.
        ema_momentum: of the moving average of the weights, a step.

    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: str = "inception_v3"
    weights: str | None = None
    folds: Annotated[Folds, BeforeValidator(parsed_folds)] = Folds()
    phases: Annotated[tuple[Phase, ...], BeforeValidator(parsed_phases)] = PHASES
    batch: int = Field(Fitting.batch, ge=1, le=4096)
    seed: int = Field(Fitting.seed, ge=0, lt=2**31)
    precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto"
    ema_momentum: float = Field(Fitting.ema_momentum, ge=0, lt=1)

    @field_validator("network")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in SERVABLE:
            raise ValueError(f"expected one of {', '.join(SERVABLE)}")
        return name

    def fitting(self) -> Fitting:
        """Return the settings of the fit."""
        return Fitting(
            phases=self.phases,
            batch=self.batch,
            seed=self.seed,
            precision=self.precision,
            ema_momentum=self.ema_momentum,
        )

    def start(self, channel: Path | None) -> str:
        """Return what the network starts from, given the file of the channel `weights`."""
        return self.weights or (str(channel) if channel else SERVABLE[self.network].usual_weights)


def read_hyperparameters(given: Mapping[str, str]) -> Hyperparameters:
    """Check a job's settings against what is known; SageMaker's own, such as `sagemaker_program`, are passed over.

    Raises:
        RoomInvalid: with every complaint, and what would be right.

    """
    own = {name: value for name, value in given.items() if not name.startswith("sagemaker_")}
    try:
        return Hyperparameters.model_validate(own)
    except ValidationError as error:
        known = ", ".join(Hyperparameters.model_fields)
        unknown = [str(found["loc"][0]) for found in error.errors() if found["type"] == "extra_forbidden"]
        wrong = [
            f"{found['loc'][0]} {found['input']!r}: {found['msg'].removeprefix('Value error, ')}"
            for found in error.errors()
            if found["type"] != "extra_forbidden"
        ]
        if unknown:
            wrong.append(f"unknown: {', '.join(sorted(unknown))}; known are {known}")
        raise RoomInvalid(f"hyperparameters: {'; '.join(wrong)}") from error


def parsed_preset(name: str) -> Protocol:
    """Return the preset of that name.

    Raises:
        RoomInvalid: when there is none.

    """
    if name not in PROTOCOLS:
        raise RoomInvalid(f"preset {name!r}: expected one of {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


def parsed_networks(text: str | None, protocol: Protocol) -> tuple[str, ...]:
    """Read names of networks with commas between; None for the protocol's own.

    Raises:
        RoomInvalid: naming each that is not known.

    """
    names = protocol.networks if text is None else tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in ARCHITECTURES]
    if unknown:
        raise RoomInvalid(f"network(s) {', '.join(unknown)}: expected some of {', '.join(ARCHITECTURES)}")
    return names


def _phase(text: str) -> Phase:
    try:
        name, size, epochs, rate, share, first = text.split(":")
        phase = Phase(name, int(size), int(epochs), float(rate), float(share), None if first == "none" else first)
    except ValueError as error:
        raise ValueError(f"{text!r}: expected {_PHASE_FIELDS}, such as full:224:5:1.5e-4:0.01:mixed2") from error
    wrong = [
        words
        for is_right, words in (
            (phase.size >= _SMALLEST_SIZE, f"the size must be at least {_SMALLEST_SIZE} pixels"),
            (phase.epochs >= 1, "there must be at least one epoch"),
            (math.isfinite(phase.learning_rate) and phase.learning_rate > 0, "the rate must be above 0"),
            (0 <= phase.last_rate_share <= 1, "the last share of the rate must be in 0..1"),
        )
        if not is_right
    ]
    if wrong:
        raise ValueError(f"{text!r}: {', '.join(wrong)}")
    return phase


def _numbers(text: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        numbers.extend(range(int(first), int(last if dash else first) + 1))
    return tuple(numbers)
