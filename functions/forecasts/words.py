"""The words of the page, the files and the report for what the published format names by codes."""

from __future__ import annotations

CANCERS = {
    "melanoma": "Melanoma of the skin",
    "nmsc": "Skin cancer other than melanoma",
    "bcc": "Basal cell carcinoma",
    "scc": "Squamous cell carcinoma",
    "skin_all": "Skin cancer without basal cell carcinoma",
}
CANCERS_IN_SHORT = {
    "melanoma": "melanoma",
    "nmsc": "other than melanoma",
    "bcc": "basal cell",
    "scc": "squamous cell",
    "skin_all": "all but basal cell",
}
MEASURES = {"incidence": "new cases", "mortality": "deaths"}
UNITS = {"incidence": "cases", "mortality": "deaths"}
SEXES = {"female": "women", "male": "men", "both": "women and men"}
PERIODS = {"year": "by year", "month": "by month"}
STANDARDS = {
    "segi": "World (Segi)",
    "esp1976": "Europe 1976",
    "esp2013": "Europe 2013",
    "us2000": "United States 2000",
}
_ROUNDED_FROM = 1000


def title(*, cancer: str, measure: str, sex: str, age_group: str, country: str, region: str, period_type: str) -> str:
    """Return what a series is, in words: cancer, measure, whose, where."""
    place = f"{region}, {country}" if region else country
    whose = SEXES[sex] + ("" if age_group == "all" else f" aged {ages(age_group)}")
    by_month = ", by month" if period_type == "month" else ""
    return f"{CANCERS[cancer]}, {MEASURES[measure]}: {whose}, {place}{by_month}"


def ages(age_group: str) -> str:
    """Return an age group as people say it: all ages, 50 to 69, 70 and over."""
    if age_group == "all":
        return "all ages"
    if age_group.endswith("+"):
        return f"{age_group[:-1]} and over"
    return age_group.replace("-", " to ")


def number(value: float) -> str:
    """Return a count as a person reads it: three digits that count from a thousand on, whole below."""
    if value < _ROUNDED_FROM:
        return f"{value:,.0f}"
    step = 10 ** (len(str(int(value))) - 3)
    return f"{round(value / step) * step:,.0f}"
