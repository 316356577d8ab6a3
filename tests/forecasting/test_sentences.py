"""The sentence that is read out, and the notes beside it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from forecasting.result import FINAL, Scores
from forecasting.sentences import cancer_notes, headline, method_notes
from functions.forecasts.publication import ForecastPoint, Observation


def point(period: str, median: float) -> ForecastPoint:
    ends = {"low_95": 0.8, "low_80": 0.9, "low_50": 0.95, "median": 1, "high_50": 1.05, "high_80": 1.1, "high_95": 1.2}
    return ForecastPoint(period=period, **{name: factor * median for name, factor in ends.items()})


def said(observed: list[Observation], end: ForecastPoint, **fields: str) -> str:
    described: dict[str, Any] = {
        "cancer": "melanoma",
        "measure": "incidence",
        "sex": "both",
        "age_group": "all",
        "country": "United States",
        "region": "",
        **fields,
    }
    return headline(**described, observed=observed, points=[end])


def test_what_is_to_come_is_said_with_its_interval() -> None:
    sentence = said([Observation(period="2022", count=97_059)], point("2032", 117_321))
    assert sentence == (
        "In 2022, 97,100 people in the United States were found to have melanoma of the skin. If past trends go on, "
        "about 117,000 new cases are to be expected in 2032, 21 % more. It is likely (80 times in 100) that the number "
        "will lie between 106,000 and 129,000."
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sex": "female"}, "100 women in the United States were found"),
        ({"sex": "male", "measure": "mortality"}, "100 men in the United States died of melanoma of the skin"),
        ({"age_group": "70+"}, "100 people aged 70 and over in the United States were"),
        ({"region": "Ohio"}, "100 people in Ohio (United States) were"),
        ({"country": "Norway"}, "100 people in Norway were"),
        ({"cancer": "bcc"}, "were found to have basal cell carcinoma of the skin"),
    ],
)
def test_whose_what_and_where(fields: dict[str, str], words: str) -> None:
    assert words in said([Observation(period="2022", count=100)], point("2032", 120), **fields)


@pytest.mark.parametrize(
    ("after", "words"), [(120, "20 % more"), (80, "20 % fewer"), (100.5, "about as many"), (0, "100 % fewer")]
)
def test_the_change_is_named(after: float, words: str) -> None:
    assert words in said([Observation(period="2022", count=100)], point("2032", after))


def test_a_provisional_count_is_not_compared_with() -> None:
    observed = [Observation(period="2021", count=100), Observation(period="2022", count=60, provisional=True)]
    assert said(observed, point("2032", 120)).startswith("In 2021, 100 people")


def test_months_are_compared_with_the_same_month() -> None:
    observed = [Observation(period=f"2024-{month:02d}", count=100 + month) for month in range(1, 13)]
    assert said(observed, point("2026-03", 120)).startswith("In March 2024, 103 people")
    assert "expected in March 2026, 17 % more" in said(observed, point("2026-03", 120))


def test_from_none_no_percentage_is_taken() -> None:
    assert "after none" in said([Observation(period="2022", count=0)], point("2032", 3))


def scores(method: str, rel_mae: float, horizons: str = "1-5") -> Scores:
    return Scores(method, horizons, 40, rel_mae, 0.6, 1.0, 50.0, 81.2, 95.0)


def test_the_notes_say_how_it_was_made_and_who_did_better() -> None:
    notes = method_notes(
        {"prophet": 0.25, "theta": 0.75, "arima": 0.001},
        [scores(FINAL, 0.8), scores("theta", 0.75), scores("prophet", 0.9)],
    )
    assert notes[0] == (
        "The forecast combines, with weights from the back-test: Theta (75 %), Prophet, tuned by the back-test (25 %)."
    )
    assert any("held the later count 81 times in 100; its errors were 0.80 times" in note for note in notes)
    assert notes[-1].startswith("In this series alone, Theta had smaller errors 1-5 periods ahead (0.75")


def test_the_notes_name_no_winner_where_the_final_method_is() -> None:
    notes = method_notes({}, [scores(FINAL, 0.8), scores("theta", 0.8)])
    assert not any("In this series alone" in note for note in notes)


def test_other_cancers_than_melanoma_come_with_a_warning() -> None:
    assert cancer_notes("melanoma") == ()
    assert "do not compare their numbers between countries" in cancer_notes("bcc")[0]


def test_what_could_not_be_judged_is_said() -> None:
    assert method_notes({}, [])[-1] == "The series is too short to be back-tested by itself."
    assert not any("nan" in note for note in method_notes({}, [scores(FINAL, math.nan)]))
