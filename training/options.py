"""What a command line or a job's hyperparameters say, as typed settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.architectures import ARCHITECTURES
from training.errors import RoomInvalid
from training.fit import PHASES, Fitting, Phase
from training.protocols import PROTOCOLS
from training.run import Folds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from training.protocols import Protocol

HYPERPARAMETERS = ("weights", "folds", "phases")
_PHASE_FIELDS = "name:size:epochs:rate:last share of the rate:first layer that learns (none, all or a layer's name)"


def unknown_hyperparameters(given: Mapping[str, str]) -> None:
    """Raise `RoomInvalid` for a hyperparameter that nothing reads."""
    # SageMaker adds its own, such as sagemaker_program.
    unknown = sorted(name for name in given if name not in HYPERPARAMETERS and not name.startswith("sagemaker_"))
    if unknown:
        raise RoomInvalid(f"unknown hyperparameter(s) {', '.join(unknown)}; known are {', '.join(HYPERPARAMETERS)}")


def parsed_folds(text: str | None) -> Folds:
    """Read `0-6/7/8`: the folds that train, choose and test; `0,2-4` lists and ranges.

    Raises:
        RoomInvalid: when the text is not of that form.

    """
    if text is None:
        return Folds()
    try:
        train, choose, test = (_numbers(part) for part in text.split("/"))
    except ValueError as error:
        raise RoomInvalid(f"folds {text!r}: expected train/choose/test, such as 0-6/7/8") from error
    return Folds(train, choose, test)


def parsed_fitting(phases: str | None) -> Fitting:
    """Read the phases of a fit, one after another with commas between; None for the ones that ship.

    Raises:
        RoomInvalid: when a phase is not of the form `_PHASE_FIELDS`.

    """
    if phases is None:
        return Fitting(phases=PHASES)
    return Fitting(phases=tuple(_phase(text.strip()) for text in phases.split(",")))


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
        return Phase(name, int(size), int(epochs), float(rate), float(share), None if first == "none" else first)
    except ValueError as error:
        raise RoomInvalid(f"phase {text!r}: expected {_PHASE_FIELDS}, such as full:224:5:1.5e-4:0.01:mixed2") from error


def _numbers(text: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        numbers.extend(range(int(first), int(last if dash else first) + 1))
    return tuple(numbers)
