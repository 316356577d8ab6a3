# ruff: noqa: E501 - rows as sources have them
from __future__ import annotations

import pytest

from functions.care.readers.rules import is_cancer_center, is_dermatology, is_practice_of_a_person, unsuitable


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("HOSPITAL PSIQUIÁTRICO DE ARABA", "psychiatric"),
        ("Lakeside Behavioral Health", "psychiatric"),
        ("Jefferson High School Based Clinic", "school"),
        ("Breckenridge Elementary", "school"),
        ("Smile Dental Clinic", "dental"),
        ("Riverside Health Center - Dental", "dental"),
        ("Animal Teaching Hospital", "veterinary"),
        ("State Prison Hospital", "prison"),
        ("Mobile Medical Van #2", "mobile"),
        ("Community Mobile Clinic", "mobile"),
        ("St Mary Hospital (closed)", "closed"),
        ("Rehabilitationszentrum Bad Tatzmannsdorf", "rehabilitation"),
        ("City Pharmacy", "pharmacy"),
        ("Herbal Clinic", "traditional"),
    ],
)
def test_unsuitable_places_are_known_by_their_names(name: str, what: str) -> None:
    assert unsuitable(name).startswith(what)


@pytest.mark.parametrize(
    "name",
    [
        "Departmental Hospital", "Gardermoen Clinic", "Indian School Rd Medical Center", "HUTCHINSON REGIONAL MEDICAL CENTER",
        "INDIAN RIVER MEMORIAL HOSPITAL", "Family Medical and Dental Center", "Mobile Infirmary Medical Center",
        "Presidio Ospedaliero di Solofra", "EASTERN NEW MEXICO MEDICAL CENTER - ROSWELL NM", "Medical School Hospital",
        "St Charles Hospital and Rehabilitation Center",
    ],
)  # fmt: skip
def test_names_that_fool_simple_rules_are_kept(name: str) -> None:
    assert unsuitable(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        "Rīgas Onkoloģijas centrs",
        "CENTRE DE LUTTE CONTRE LE CANCER",
        "The Royal Marsden Hospital",
        "Ośrodek Onkologiczny",
    ],
)
def test_cancer_is_told_in_many_languages(name: str) -> None:
    assert is_cancer_center(name)


@pytest.mark.parametrize(
    "name", ["Monkole Hospital", "Cancer Screening Point", "Cancer Society", "Onkaparinga Hospital"]
)
def test_what_is_no_cancer_centre(name: str) -> None:
    assert not is_cancer_center(name)


def test_dermatology_is_only_what_is_said() -> None:
    assert is_dermatology("Clinique de Dermatologie")
    assert is_dermatology("Skin Hospital")
    assert not is_dermatology("Gardermoen Hospital")
    assert not is_dermatology("General Hospital")


def test_one_persons_practice_is_no_institution() -> None:
    for name in ("Dr Sharma Clinic", "Cabinet du Dr Martin", "Jane Doe MD", "Dra. Ruiz"):
        assert is_practice_of_a_person(name)
    for name in (
        "Dr. Ram Manohar Memorial Hospital",
        "Doctors Hospital",
        "Hospital Universitario Dr Ramon Ruiz",
        "Martin Health Centre",
    ):
        assert not is_practice_of_a_person(name)
