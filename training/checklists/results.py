"""Answers about results, limits and sharing; each takes its figures from the study, and is empty if it lacks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from training.checklists.methods import heterogeneity, partitions
from training.checklists.study import figure, tested

if TYPE_CHECKING:
    from training.checklists.study import Study


def fairness(study: Study) -> str:
    """Return what is known by group."""
    worst = [f"{name}: {grouping.worst}" for name, grouping in study.card.groupings.items() if grouping.worst]
    if not study.card.groupings:
        return ""
    return (
        f"Figures by {', '.join(study.card.groupings)} stand in the card. The groups that fare worst: "
        f"{'; '.join(worst) or 'none could be told apart'}. Nothing was adjusted by group; no skin type is published "
        "with the photos, so the tone of the photo stands for it."
    )


def differences(study: Study) -> str:
    """Return how test photos differ from training photos."""
    return (
        f"{characteristics(study)} They are other lesions of the same collections; another hospital is not among them."
    )


def flow(study: Study) -> str:
    """Return how many were included and excluded."""
    photos = sum(study.card.data.photos.values())
    return f"{photos:,} photos in the manifest's folds, all included, none excluded. {partitions(study)}"


def characteristics(study: Study) -> str:
    """Return who is in each set."""
    texts = []
    for name, rows in study.parts.items():
        ages = pd.to_numeric(rows["age_approx"], errors="coerce")
        stated = rows.loc[rows["sex"] != "", "sex"]
        by_diagnosis = ", ".join(f"{code} {count:,}" for code, count in rows["diagnosis"].value_counts().items())
        texts.append(
            f"{name}: median age {ages.median():.0f}, {100 * (stated == 'female').mean():.0f} % female of those "
            f"stated, {100 * (rows['target'] == 1).mean():.1f} % malignant photos ({by_diagnosis})"
        )
    return "; ".join(texts) + "."


def numbers(study: Study) -> str:
    """Return photos and malignant photos of each analysis."""
    return (
        "; ".join(
            f"{name}: {found.photos:,} photos, {found.lesions:,} lesions, {found.malignant_photos:,} malignant photos"
            for name, found in study.card.evaluations.items()
        )
        + "."
    )


def specification(study: Study) -> str:
    """Return where the whole model is."""
    return (
        f"The model package {study.card.version}: weights and graph in `model.onnx`, the rest of the arithmetic in "
        "`card.json`."
    )


def performance(study: Study) -> str:
    """Return the main figures."""
    found = tested(study)
    called = found.malignant_lesions_called_low
    bound = (
        f" Malignant lesions called low: {called.count} of {called.of} (95 % interval {100 * called.low:.1f}-"
        f"{100 * called.high:.1f} %)."
        if called
        else ""
    )
    return (
        f"Test photos: malignant AUROC {figure(found.malignant_auroc)}; melanoma "
        f"{figure(found.diagnosis_auroc_intervals.get('mel'))}; calibration error "
        f"{found.expected_calibration_error:.3f}; balanced accuracy {found.balanced_accuracy:.3f}.{bound} By origin "
        "and group: the card."
    )


def accuracy_estimates(study: Study) -> str:
    """Return what the bands say."""
    if not study.card.predictive_values:
        return ""
    return (
        "; ".join(
            f"at a prevalence of {100 * value.prevalence:.3g} %: PPV of urgent {_percent(value.ppv['urgent'])}, "
            f"NPV of low {_percent(value.npv['low'])}"
            for value in study.card.predictive_values
        )
        + "."
    )


def robustness(study: Study) -> str:
    """Return what disturbed photos do."""
    found = study.card.robustness
    if found is None:
        return ""
    return (
        f"{len(found.disturbances)} disturbances of {found.photos} photos; undisturbed AUROC "
        f"{found.malignant_auroc:.3f}; the largest fall, {max(one.fall for one in found.disturbances):.3f}, comes "
        f"from {found.worst}. Table: the card."
    )


def failures(study: Study) -> str:
    """Return where the model errs."""
    called = tested(study).malignant_lesions_called_low
    if called is None:
        return ""
    worst = [f"{name} {grouping.worst}" for name, grouping in study.card.groupings.items() if grouping.worst]
    return (
        f"{called.count} of {called.of} malignant test lesions are called low. Lowest AUROC: "
        f"{', '.join(worst) or 'no group'}. "
        "Which diagnoses are taken for which: the confusion figure of the report."
    )


def external(study: Study) -> str:
    """Return what is known of photos from elsewhere."""
    phone = study.card.evaluations.get("phone")
    if phone is None:
        return "None: the run had no photos from elsewhere, so nothing is known of how it does there."
    return (
        f"{phone.photos} phone photos of another collection, from which the network learned nothing: malignant AUROC "
        f"{figure(phone.malignant_auroc)}, too few to be sure. {heterogeneity(study)}"
    )


def explanation(_: Study) -> str:
    """Return how an answer is explained."""
    return "The class activation map (Zhou 2016, arXiv 1512.04150), exact for this kind of network; shown on request."


def interpretation(study: Study) -> str:
    """Return what it all means."""
    found = tested(study).malignant_auroc
    return (
        f"A malignant photo outranks a benign one with probability {figure(found)} among lesions of these collections. "
        f"{heterogeneity(study)} What differs between them will differ elsewhere: at another hospital, expect "
        "the lower end."
    )


def limitations(study: Study) -> str:
    """Return the limits."""
    return " ".join(study.card.limits)


def poor_input(_: Study) -> str:
    """Return how unfit photos are handled."""
    return (
        "A file that is no photo is refused with a reason. A photo that is blurred, dark, glaring, without a lesion "
        "or no skin gets no score but `unsure` and the request for another. What lesser faults do: the robustness "
        "table."
    )


def user_interaction(_: Study) -> str:
    """Return what users must do and know."""
    return (
        "One photo of one spot, centred; no training is needed. The answer is a band with advice and warning signs "
        "that hold whatever the score says."
    )


def next_steps(_: Study) -> str:
    """Return what should follow."""
    return (
        "A prospective study at the first visit, with every photographed spot followed up; photos of dark skin; "
        "photos of phones; a hospital that no training photo comes from."
    )


def initialisation(study: Study) -> str:
    """Return where training started."""
    return (
        f"{study.starting_weights}; the new last layer at random, from a fixed seed." if study.starting_weights else ""
    )


def libraries(study: Study) -> str:
    """Return the software."""
    return ", ".join(f"{name} {version}" for name, version in study.libraries.items())


def availability(study: Study) -> str:
    """Return what can be had."""
    return (
        f"Code: this repository, Apache-2.0. {study.card.licence} Photos: from their publishers "
        f"({study.card.data.licence})."
    )


def trial_log(_: Study) -> str:
    """Return where technical details are."""
    return "No protocol was registered; goals, trials and choices are in `training/EXPERIMENTS.md` and `DECISIONS.md`."


def _percent(value: float | None) -> str:
    return "not measurable" if value is None else f"{100 * value:.5g} %"
