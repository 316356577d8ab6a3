"""Places as IARC writes them, in the words of the counts table."""

from __future__ import annotations

import re

_COUNTRIES = {
    "USA": "United States",
    "United States of America": "United States",
    "UK": "United Kingdom",
    "The Netherlands": "Netherlands",
    "Republic of Korea": "South Korea",
    "Korea, Republic of": "South Korea",
}
_REGIONS = {
    ("Australia", "South"): "South Australia",
    ("Australia", "Western"): "Western Australia",
    ("Canada", "Excl Nova Scotia, Northwest Territories, Nunavut, Quebec and Yukon"): (
        "excl. Nova Scotia, NWT, Nunavut, Quebec, Yukon"
    ),
    ("United States", "California, Los Angeles (SEER)"): "Los Angeles County",
    ("United States", "NPCR (45 States and Washington DC)"): "NPCR 45 states and DC",
    ("United States", "SEER (9 registries)"): "SEER 9 registries",
}


def country_and_region(label: str) -> tuple[str, str]:
    """Return country and region of a registry's label; the region is "" for a whole country.

    "UK, Scotland" is ("United Kingdom", "Scotland"), "Denmark" is ("Denmark", ""), and "Bahrain: Bahraini" is
    ("Bahrain", "Bahraini nationals").
    """
    label = re.sub(r"\s+", " ", label.strip().lstrip("*")).strip()
    if label in _COUNTRIES:
        return _COUNTRIES[label], ""
    found = re.fullmatch(r"([^,:(]+)(?:, (?P<part>.+)|: (?P<people>.+)|\((?P<without>.+)\))?", label)
    if found is None:
        return label, ""
    country = _COUNTRIES.get(found[1].strip(), found[1].strip())
    if found["people"]:
        return country, f"{found['people']} nationals"
    region = found["part"] or found["without"] or ""
    return country, _REGIONS.get((country, region), region)
