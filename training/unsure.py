"""When the service says that it does not know: the rules fitted for one model, and how often they speak up.

One pass of the network over some thousand photos; `training.quality` and `training.novelty` hold the choices.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.triage.card import Refusals
from functions.triage.pixels import square_pixels
from training.evaluate import proportion
from training.novelty import PHONE_WEIGHT, domain_rule, fit_novelty, held_out_phone, novelty_rule
from training.quality import fit_quality, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from functions.triage.card import QualityThresholds
    from functions.triage.novelty import Novelty
    from functions.triage.quality import Flaw
    from functions.triage.scorer import Scorer

# So many training photos say what photos look like; more change the second digit of no share.
TRAINING_PHOTOS = 4000
# From so few photos no line between the kinds of photo is drawn.
PHONE_PHOTOS = 20


@dataclass(frozen=True)
class Looks:
    """What the rules see of n photos.

    Attributes:
        texture: float32 (n, channels), the network's output of that name.
        measures: by check, float64 (n,).

    """

    texture: NDArray[np.float32]
    measures: Mapping[Flaw, NDArray[np.float64]]

    def none(self) -> Looks:
        """Return the looks of no photos, in the same form."""
        return Looks(self.texture[:0], {name: values[:0] for name, values in self.measures.items()})


@dataclass(frozen=True)
class Limits:
    """The fitted rules.

    Attributes:
        novelty: goes into the package.
        changes: fields of the card, for `training.card.with_card`.

    """

    novelty: Novelty
    changes: dict[str, Any]


def looks_of(
    scorer: Scorer, files: Sequence[str | Path], on_progress: Callable[[int], None] = lambda _done: None
) -> Looks:
    """Look at photos as the service does, one at a time.

    Args:
        scorer: of a file with the output `texture`.
        files: the photos' paths.
        on_progress: called with the number of photos seen so far.

    """

    def squares() -> Iterable[NDArray[np.uint8]]:
        for done, file in enumerate(files, start=1):
            square = square_pixels(Path(file).read_bytes(), scorer.card.input_size)
            textures.append(scorer.outputs(square, ["texture"])["texture"])
            yield square
            on_progress(done)

    textures: list[NDArray[np.float32]] = []
    measures = measured(squares())
    return Looks(np.concatenate(textures), measures)


def limits_of(
    train: Looks, choose: Looks, test: Looks, phone: Looks, patients: NDArray[np.str_], further: Mapping[str, Looks]
) -> Limits:
    """Fit the rules on photos that train and choose, and count what they refuse.

    Args:
        train: some `TRAINING_PHOTOS` of the training photos.
        choose: the choosing photos.
        test: the test photos, which choose nothing.
        phone: phone photos, for which every figure is held out by patient; of fewer than `PHONE_PHOTOS` nothing is
            learned, and the domain is not told.
        patients: of the phone photos.
        further: photos of other things, by the name that the card shall give them.

    """
    quality = fit_quality(
        {name: np.concatenate([train.measures[name], choose.measures[name]]) for name in train.measures}
    )
    is_learned = len(phone.texture) >= PHONE_PHOTOS
    novelty = fit_novelty(train.texture, phone.texture if is_learned else phone.texture[:0])
    rule = novelty_rule(novelty, choose.texture, phone_weight=PHONE_WEIGHT if is_learned else 0.0)
    refusals = {
        name: refusals_of(looks, quality, novelty.distance(looks.texture) > rule.refuse_above)
        for name, looks in {"test": test, "phone": phone, **further}.items()
        if len(looks.texture)
    }
    changes: dict[str, Any] = {"quality": quality, "novelty": rule, "domain": None, "refusals": refusals}
    if is_learned:
        held_out = held_out_phone(train.texture, choose.texture, phone.texture, patients)
        refusals["phone"] = refusals_of(phone, quality, held_out.refused)
        changes["domain"] = domain_rule(novelty, choose.texture, test.texture, held_out)
    return Limits(novelty, changes)


def refusals_of(looks: Looks, quality: QualityThresholds, not_skin: NDArray[np.bool_]) -> Refusals:
    """Return the share of photos refused, for any reason and for each.

    A photo with a flaw is answered before the network sees it; here every reason is counted, also beside another.
    """
    by_reason: dict[Any, NDArray[np.bool_]] = {
        "not_skin": not_skin,
        "dark": looks.measures["dark"] < quality.brightness_from,
        "glare": looks.measures["glare"] > quality.glare_to,
        "not_in_frame": looks.measures["not_in_frame"] < quality.contrast_from,
        "blurred": looks.measures["blurred"] < quality.sharpness_from,
    }
    refused = np.any(list(by_reason.values()), axis=0)
    return Refusals(
        refused=proportion(refused), reasons={name: float(found.mean()) for name, found in by_reason.items()}
    )
