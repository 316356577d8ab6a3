"""Answers about aims, data and methods; each takes its figures from the study, and is empty where that lacks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from training.checklists.study import figure, tested

if TYPE_CHECKING:
    from training.checklists.study import Study


def title(study: Study) -> str:
    """Return what the study is, in one sentence."""
    return (
        "Development and evaluation of a deep network that estimates from one photo of one skin spot the probability "
        f"that it is malignant. {study.card.network}."
    )


def summary(study: Study) -> str:
    """Return the structured summary."""
    data, found = study.card.data, tested(study)
    return (
        f"Aim: to help decide how soon a doctor should look at a spot. Data: {sum(data.photos.values()):,} photos of "
        f"{sum(data.lesions.values()):,} lesions from {len(data.origins)} collections; {data.photos['train']:,} to "
        f"train, {data.photos['choose']:,} to choose, {data.photos['test']:,} to test. Outcome: malignant or benign, "
        f"and one of {len(study.card.classes)} diagnoses. Result on the test photos: malignant AUROC "
        f"{figure(found.malignant_auroc)}, calibration error {found.expected_calibration_error:.3f}, "
        f"{100 * (found.malignant_called_low or 0):.1f} % of malignant photos called low. Conclusion: a "
        "pre-assessment for photos like these; nothing is shown for other photos, and nothing replaces a doctor."
    )


def background(_: Study) -> str:
    """Return the context."""
    return (
        "Skin cancer is often visible long before it is dangerous, and the wait for a dermatologist is long where "
        "there are few. Networks have ranked dermoscopic photos about as well as dermatologists (Esteva 2017, Nature "
        "542:115; Tschandl 2019, Lancet Oncol 20:938), and have fallen behind on photos of other clinics, of phones "
        "and of dark skin (Daneshjou 2022, Sci Adv 8:eabq6147)."
    )


def intended_use(study: Study) -> str:
    """Return for whom and for what the model is."""
    return f"{study.card.intended_use} It stands before the first visit, in the hands of the person or of a helper."


def objectives(_: Study) -> str:
    """Return the aims."""
    return (
        "To develop a model, calibrate it, bound the share of malignant lesions that it calls low, and evaluate it on "
        "lesions it has not seen. No hypothesis is tested."
    )


def data_sources(study: Study) -> str:
    """Return where the photos come from."""
    data = study.card.data
    return (
        f"{data.name}, collections {', '.join(data.origins)}; licence: {data.licence}. Snapshot "
        f"`{data.snapshot_sha256[:16]}`. Public research data, not drawn from the population that will use the model."
    )


def setting(study: Study) -> str:
    """Return the places."""
    return (
        f"{study.card.limits[0]} They are places of referral: more lesions are malignant there than among all people."
    )


def eligibility(_: Study) -> str:
    """Return which photos were taken in."""
    return (
        "Every photo of the collections that opens and whose diagnosis maps to one of the seven codes "
        "(`training/manifest.py`); any other row stops the run with its line number. No photo was left out for its "
        "looks."
    )


def preparation(study: Study) -> str:
    """Return what happens to a photo before the network."""
    side = study.card.input_size
    return (
        f"The upright centre square in sRGB, scaled to {side} x {side} pixels; metadata never reaches the pixels. One "
        "program does it for training, evaluation and service (`functions/triage/pixels.py`), and it knows no groups."
    )


def outcome(study: Study) -> str:
    """Return how malignant is defined and confirmed."""
    names = ", ".join(study.card.diagnosis_names[code] for code in study.card.malignant)
    rows = pd.concat(list(study.parts.values()))
    shares = rows["dx_type"].replace("", "not stated").value_counts(normalize=True)
    confirmed = ", ".join(f"{str(kind).replace('_', ' ')} {100 * share:.0f} %" for kind, share in shares.items())
    return (
        f"Malignant: {names}. Benign: the other diagnoses. The diagnosis is the collection's, at the time of the "
        f"photo; it was confirmed by: {confirmed}."
    )


def reference_rationale(_: Study) -> str:
    """Return why this reference standard."""
    return (
        "Histopathology is the standard for whatever was cut out. Most benign lesions are never cut out; follow-up, "
        "consensus and confocal microscopy stand for them, and are reported apart (grouping `dx_type`), because such "
        "lesions are easier."
    )


def predictors(study: Study) -> str:
    """Return what the model is told."""
    facts = (
        "Age, sex and site may be told; they change the probabilities as the card says, and never lower the band."
        if study.card.person
        else "Age, sex and site are not used."
    )
    return (
        f"The pixels of one photo. {facts} How a diagnosis was confirmed, and where a photo comes from, are no inputs."
    )


def sample_size(study: Study) -> str:
    """Return how many, and why."""
    found = tested(study)
    return (
        "All photos that the collections offer; no number was computed beforehand. What the number allows shows in the "
        f"intervals: {found.malignant_photos:,} malignant of {found.photos:,} test photos give a malignant AUROC of "
        f"{figure(found.malignant_auroc)}."
    )


def missing_data(study: Study) -> str:
    """Return what was missing and what was done."""
    rows = pd.concat(list(study.parts.values()))
    columns = {"age_approx": "age", "sex": "sex", "anatom_site_general_challenge": "site"}
    shares = ", ".join(f"{name} {100 * (rows[column] == '').mean():.1f} %" for column, name in columns.items())
    return (
        f"No photo and no diagnosis is missing. Not stated: {shares} of photos. Nothing is imputed and no row "
        "dropped: a fact that is not stated changes no probability."
    )


def partitions(study: Study) -> str:
    """Return how the photos were divided."""
    data = study.card.data
    sets = "; ".join(
        f"{name}: folds {', '.join(map(str, folds))}, {data.photos[name]:,} photos of {data.lesions[name]:,} lesions"
        for name, folds in data.folds.items()
    )
    return f"By the manifest's folds, dealt evenly by diagnosis and collection. {sets}."


def disjoint(_: Study) -> str:
    """Return at which level the sets are apart."""
    return (
        "Lesion, patient where one is published, and near-duplicate photos: the run refuses a split in which one of "
        "them lies in two sets (`training/splits.py`). HAM10000 publishes no patients: two lesions of one may be apart."
    )


def model_type(study: Study) -> str:
    """Return the kind of model."""
    card = study.card
    return (
        f"{card.network}; input {card.input_size} x {card.input_size} x 3, output {len(card.classes)} logits, turned "
        f"into probabilities by a temperature of {card.temperature:.3f} and one bias a class."
    )


def training_details(study: Study) -> str:
    """Return how the network was trained."""
    phases: dict[str, list[int]] = {}
    for epoch in study.history:
        phases.setdefault(f"{epoch['phase']} at {epoch['size']} px", []).append(1)
    epochs = ", ".join(f"{name} for {len(count)}" for name, count in phases.items())
    if not epochs:
        return ""
    return (
        f"Epochs: {len(study.history)} ({epochs}). AdamW with cosine rates, augmentation by turn, shift, zoom, mirror, "
        "light and colour, moving average of the weights; settings in `training/fit.py`, each epoch in the report."
    )


def selection(_: Study) -> str:
    """Return how the final model was chosen."""
    return (
        "By malignant AUROC on the choosing photos alone; the weights are the mean of the best epochs'. Every trial, "
        "with its figure, stands in `training/EXPERIMENTS.md`. The test photos judged the finished file once."
    )


def imbalance(_: Study) -> str:
    """Return what was done about rare diagnoses."""
    return (
        "Rare diagnoses and collections weigh more in the loss, by a power of their frequency (`training/fit.py`). The "
        "biases of calibration take back what that does to the probabilities."
    )


def heterogeneity(study: Study) -> str:
    """Return how the figures differ by origin."""
    found = {
        name.removeprefix("test, "): evaluation.malignant_auroc
        for name, evaluation in study.card.evaluations.items()
        if name.startswith("test, ") and not name.endswith("*") and evaluation.malignant_auroc
    }
    if not found:
        return ""
    return "Malignant AUROC by origin: " + "; ".join(f"{name} {figure(value)}" for name, value in found.items()) + "."


def measures(_: Study) -> str:
    """Return which measures, and why."""
    return (
        "Discrimination: AUROC, malignant against benign and each diagnosis against the rest. Calibration: expected "
        "calibration error, Brier score, reliability diagram. Use: sensitivity and specificity of the bands, "
        "predictive values at stated prevalences, the share of malignant lesions called low."
    )


def uncertainty(_: Study) -> str:
    """Return which measures of uncertainty."""
    return (
        "95 % percentile bootstrap over lesions for AUROC, exact binomial intervals over lesions for shares, and an "
        "order-statistic bound for the cut-off of `low` (`training/calibrate.py`). No significance is tested."
    )


def served_predictions(study: Study) -> str:
    """Return how predictions were calculated."""
    return (
        "By the file and the code that serve: `model.onnx` through onnxruntime, then the card's calibration. The file "
        f"differs from the trained network by at most {study.card.parity:.1e} in a probability."
    )


def output(study: Study) -> str:
    """Return what the model answers."""
    cutoffs = study.card.cutoffs
    return (
        f"The probability of each of {len(study.card.classes)} diagnoses, their malignant sum, and a band: low below "
        f"{cutoffs.low_below:.4f}, urgent from {cutoffs.urgent_from:.4f}, watch between. {cutoffs.guarantee}"
    )
