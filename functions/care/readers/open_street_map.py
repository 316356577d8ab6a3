"""What OpenStreetMap's tags say, for the two layouts that carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.places import folded
from functions.care.readers.rules import is_below_hospital, is_cancer_center, is_dermatology, is_usable, kind_by_name

if TYPE_CHECKING:
    from functions.care.site import Affordable, Kind

ODBL = "ODbL 1.0 (OpenStreetMap contributors)"
_PUBLIC = {"government", "public", "ministry of health", "state", "municipal", "military government"}
_PRIVATE = {"private", "private profit", "for profit", "business"}
_UNSUITABLE = ("psychiatr", "dentist", "dental", "orthodontics", "addiction", "mental")


def kind_of(amenity: str, name: str, speciality: str, operator_type: str) -> Kind | str:
    """Return the kind of a place with these tags, or why it is not taken.

    Clinics and doctors are taken only where an operator type or a skin or cancer speciality says more than the name.
    """
    if amenity not in {"hospital", "clinic", "doctors"} or not is_usable(name):
        return "no usable name" if not is_usable(name) else "amenity other than hospital, clinic, doctors"
    told = speciality.casefold().replace(";", " ").replace("_", " ")
    fitting = is_cancer_center(told) or is_dermatology(told)
    if any(word in told for word in _UNSUITABLE) and not fitting:
        return "psychiatric, addiction or dental speciality"
    if amenity != "hospital" and not operator_type and not fitting and not is_dermatology(name):
        return "clinic or doctors without operator type"
    is_hospital = amenity == "hospital" and not is_below_hospital(name)
    return kind_by_name(f"{name} {told}" if fitting else name, "hospital" if is_hospital else "clinic")


def cost_of(operator_type: str) -> tuple[Affordable, str]:
    """Return what the tag `operator:type` says about cost, and the basis."""
    told = folded(operator_type.replace("_", " "))
    if told in _PUBLIC:
        return "yes", "public operator (OpenStreetMap tag)"
    if told in _PRIVATE:
        return "no", "private operator (OpenStreetMap tag)"
    if told:
        return "unknown", f"operator type in OpenStreetMap: {told}"
    return "unknown", "operator not recorded in the source"
