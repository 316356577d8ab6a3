"""A forecast in plain words: what a minister can read out, and what an analyst must know about how it was made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from forecasting.result import FINAL
from functions.forecasts.words import ages, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forecasting.result import Scores
    from functions.forecasts.publication import ForecastPoint, Observation

METHODS = {
    FINAL: "dermacast",
    "prophet": "Prophet, tuned by the back-test",
    "prophet_default": "Prophet as it comes",
    "local_trend": "Local trend, learned over registries",
    "drift": "Random walk with drift, on square roots",
    "drift_log": "Random walk with drift, on logarithms",
    "ets": "Exponential smoothing",
    "theta": "Theta",
    "arima": "ARIMA",
    "age_period_cohort": "Age, period and cohort (Nordpred)",
}
_DISEASES = {
    "melanoma": "melanoma of the skin",
    "nmsc": "skin cancer other than melanoma",
    "bcc": "basal cell carcinoma of the skin",
    "scc": "squamous cell carcinoma of the skin",
    "skin_all": "skin cancer other than basal cell carcinoma",
}
_WHO = {"female": "women", "male": "men", "both": "people"}
_WITH_ARTICLE = frozenset(
    {"United States", "United Kingdom", "Netherlands", "Czech Republic", "Faroe Islands", "Philippines", "Gambia"}
)
_OTHER_CANCERS = (
    "Which skin cancers other than melanoma are counted differs between registries; do not compare their numbers "
    "between countries."
)
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
# A change below this is no change that a sentence should name, in percent.
_NAMED_FROM = 1.0


def headline(
    *,
    cancer: str,
    measure: str,
    sex: str,
    age_group: str,
    country: str,
    region: str,
    observed: Sequence[Observation],
    points: Sequence[ForecastPoint],
) -> str:
    """Return what was counted last and what is to be expected at the end, with the 80 % interval.

    Monthly counts have a season, so the last month that is forecast is compared with the newest count of the same
    month that is not provisional.
    """
    last, end = _comparable(observed, points[-1].period), points[-1]
    whole = f"the {country}" if country in _WITH_ARTICLE else country
    where = f"{region} ({country})" if region else whole
    whose = _WHO[sex] + ("" if age_group == "all" else f" aged {ages(age_group)}")
    disease = _DISEASES[cancer]
    verb, noun = (
        (f"died of {disease}", "deaths") if measure == "mortality" else (f"were found to have {disease}", "new cases")
    )
    return (
        f"In {_spoken(last.period)}, {number(last.count)} {whose} in {where} {verb}. If past trends go on, about "
        f"{number(end.median)} {noun} are to be expected in {_spoken(end.period)}, {_change(last.count, end.median)}. "
        f"It is likely (80 times in 100) that the number will lie between {number(end.low_80)} and "
        f"{number(end.high_80)}."
    )


def cancer_notes(cancer: str) -> tuple[str, ...]:
    """Return what must be known of counts of this cancer, wherever they are from."""
    if cancer == "melanoma":
        return ()
    return (_OTHER_CANCERS,)


def method_notes(weights: Mapping[str, float], scores: Sequence[Scores]) -> tuple[str, ...]:
    """Return how the forecast was made and how it did in the back-test, as sentences."""
    notes = []
    if weights:
        shares = ", ".join(
            f"{METHODS.get(name, name)} ({100 * weight:.0f} %)"
            for name, weight in sorted(weights.items(), key=lambda item: (-item[1], item[0]))
            if round(100 * weight)
        )
        notes.append(f"The forecast combines, with weights from the back-test: {shares}.")
    notes.append(
        "Its intervals are as wide as its own errors were in the back-test; they hold only as long as the years to "
        "come are like those."
    )
    final = [score for score in scores if score.method == FINAL]
    notes.extend(_reached(score) for score in final if not math.isnan(score.rel_mae))
    if not final:
        notes.append("The series is too short to be back-tested by itself.")
    notes.extend(_better(scores, score.horizons) for score in final)
    return tuple(note for note in notes if note)


def _reached(score: Scores) -> str:
    return (
        f"In {score.forecasts:,} forecasts of {score.horizons} periods ahead from earlier origins, its 80 % intervals "
        f"held the later count {score.coverage_80:.0f} times in 100; its errors were {score.rel_mae:.2f} times those "
        "of a random walk with drift."
    )


def _better(scores: Sequence[Scores], horizons: str) -> str:
    """Name the method that did best over these horizons, where it is not the final one."""
    found = [score for score in scores if score.horizons == horizons and not math.isnan(score.rel_mae)]
    if not found:
        return ""
    best = min(found, key=lambda score: (score.rel_mae, score.method != FINAL, score.method))
    if best.method == FINAL:
        return ""
    name = METHODS.get(best.method, best.method)
    return (
        f"In this series alone, {name} had smaller errors {horizons} periods ahead ({best.rel_mae:.2f} times those of "
        "the random walk)."
    )


def _comparable(observed: Sequence[Observation], period: str) -> Observation:
    """Return the newest whole count; of monthly ones, of the same month as `period`."""
    month = period[4:]
    comparable = [one for one in observed if one.period.endswith(month) and not one.provisional]
    return comparable[-1] if comparable else observed[-1]


def _change(before: float, after: float) -> str:
    if not before:
        return "after none"
    percent = 100 * (after / before - 1)
    if abs(percent) < _NAMED_FROM:
        return "about as many"
    return f"{abs(percent):.0f} % {'more' if percent > 0 else 'fewer'}"


def _spoken(period: str) -> str:
    """Return 2019 as it is, and 2019-03 as March 2019."""
    year, _, month = period.partition("-")
    return f"{_MONTHS[int(month) - 1]} {year}" if month else year
