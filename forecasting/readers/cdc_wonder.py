"""CDC WONDER exports: cases or deaths by the groups that were asked for, with the query in the footer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecasting.readers.ages import age_group, joined, with_totals
from forecasting.readers.reading import MISSING_MARKS, Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "cdc_wonder"
TITLE = "CDC WONDER (exports of cases or deaths)"

_PREFIX = "wonder"
_TALLIES = {"Count": "incidence", "Deaths": "mortality"}
_SEXES = {"F": "female", "M": "male", "Female": "female", "Male": "male"}
_NO_NUMBER = MISSING_MARKS | {"not applicable", "unreliable", "missing"}
# Columns by which rows may be grouped, each with its code beside it; any other group is a part of a population.
_AGE = ("Age Groups", "Age Group", "Five-Year Age Groups", "Ten-Year Age Groups", "Single-Year Ages")
_CANCER = ("ICD-10 113 Cause List", "Cause of death", "Cancer Sites", "Leading Cancer Sites")
_PLACE = ("County", "State", "States", "States and Puerto Rico")
_SEX = ("Sex", "Gender")
_YEAR = ("Year",)
_MONTH = ("Month",)
_KNOWN = frozenset((*_AGE, *_CANCER, *_PLACE, *_SEX, *_YEAR, *_MONTH))
# The ten parts of C43 and of C44 in ICD-10.
_PARTS = 10


@dataclass(frozen=True)
class _Query:
    """What the footer says was asked for."""

    dataset: str
    cancer: str
    sex: str
    region: str
    year: int | None
    ages: str
    standard: str


def understands(document: Document) -> bool:
    """Say whether the first line is WONDER's header: Notes first, then groups, then Count or Deaths."""
    header = document.cells(1, "\t")
    return header[:1] == ["Notes"] and not set(_TALLIES).isdisjoint(header)


def read(document: Document) -> Reading:
    """Read the rows of skin cancer by year, and by month, sex, age and state where they were asked for.

    A group's subtotal stands for all ages or both sexes; totals over years or places are left out, and so is a
    query whose rows are of no single year.
    """
    query = _query(document)
    draft = Draft(document, NAME, prefix=_PREFIX, source=f"CDC WONDER, {query.dataset}")
    header = document.cells(1, "\t")
    others = [name for name in header if f"{name} Code" in header and name not in _KNOWN]
    for line, row in draft.records(1, "\t", end=lambda text: text.strip().strip('"') == "---"):
        cancer, reason = _cancer(row, query)
        if not reason and others:
            reason = f"grouped by {', '.join(others)}: parts of a population"
        if not reason and row["Notes"] not in ("", "Total"):
            reason = f"marked {row['Notes']}"
        if reason:
            draft.leave(reason)
        else:
            _add(draft, line, row, cancer, query)
    return draft.reading(with_totals(draft.table(), _PREFIX))


def _add(draft: Draft, line: int, row: dict[str, str], cancer: str, query: _Query) -> None:
    label = _first(row, _YEAR)
    code = _first(row, _MONTH, " Code")
    if label is None and code is None and query.year is None:
        draft.leave(f"several years together ({query.dataset}): not a year")
        return
    if "" in (label, code, _first(row, _PLACE)):
        draft.leave("totals over years or places, beside their parts")
        return
    given = code[:4] if code else label.split(" (")[0] if label else query.year
    year = draft.year(given, line, "Year")
    month = draft.cell(code[5:], line, "Month Code", whole=True) if code else None
    sex = _first(row, _SEX)
    sex_code = query.sex if not sex else _SEXES.get(sex)
    if sex_code is None:
        draft.complain(line, "Sex", sex or "", "is neither Female nor Male")
    age = _age(draft, line, _first(row, _AGE), query)
    if year is None or sex_code is None or not age or (code and not isinstance(month, float)):
        return
    tally = next(name for name in _TALLIES if name in row)
    draft.add(
        line,
        country="United States",
        region=_first(row, _PLACE) or query.region,
        sex=sex_code,
        cancer=cancer,
        measure=_TALLIES[tally],
        year=year,
        month=int(month) if isinstance(month, float) else None,
        age_group=age,
        count=draft.cell(row[tally], line, tally, whole=True, missing=_NO_NUMBER),
        population=draft.cell(row.get("Population"), line, "Population", missing=_NO_NUMBER),
        rate_asr=draft.cell(row.get("Age-Adjusted Rate"), line, "Age-Adjusted Rate", missing=_NO_NUMBER),
        standard=query.standard,
        provisional="provisional" in (label or "").lower(),
    )


def _first(row: dict[str, str], names: tuple[str, ...], suffix: str = "") -> str | None:
    """Return the row's cell in the first of these columns that the file has, None where it has none."""
    return next((row[name + suffix] for name in names if name + suffix in row), None)


def _age(draft: Draft, line: int, label: str | None, query: _Query) -> str:
    """Return the age group; that of the query where rows are not grouped by age, or in their subtotal."""
    if not label:
        return query.ages
    if label.lower() == "not stated":
        return "unknown"
    if label.startswith("<"):
        return "0"
    try:
        return age_group(re.sub(r" years?$", "", label.strip()))
    except ValueError as error:
        draft.complain(line, "Age", label, str(error))
        return ""


def _cancer(row: dict[str, str], query: _Query) -> tuple[str, str]:
    """Return the cancer, or "" and the reason why the row is left out."""
    label = _first(row, _CANCER)
    if label is None:
        return (query.cancer, "") if query.cancer in ("melanoma", "nmsc") else ("", query.cancer)
    if not label:
        return "", "totals over cancers, beside their parts"
    code = re.search(r"\b(C4[34])(\.\d)?\b", f"{label} {_first(row, _CANCER, ' Code') or ''}")
    if code and code[2]:
        return "", "a part of C43 or C44"
    if re.search(r"\(C43\)|^Melanomas? of the Skin", label) or (code and label.startswith("C43 ")):
        return "melanoma", ""
    return ("nmsc", "") if re.search(r"\(C44\)", label) else ("", "other cancers and causes of death")


def _query(document: Document) -> _Query:
    """Return what the footer says; its lines are wrapped, and joined here."""
    lines = [line.strip().strip('"') for line in document.lines]
    start = lines.index("---") if "---" in lines else len(lines)
    name, asked = "", {}
    for line in lines[start + 1 :]:
        if line == "---":
            break
        if found := re.match(r"([A-Z][\w /()-]{2,40}): ", line):
            name = found[1]
            asked[name] = line[found.end() :]
        elif line.endswith(":"):  # a heading
            name = ""
        elif name:
            asked[name] += f" {line}"
    year = re.fullmatch(r"(\d{4})(?: \(.*\))?", asked.get("Year/Month", asked.get("Year", "")))
    chosen = next((asked[name] for name in _AGE if name in asked), "")
    standard = asked.get("Standard Population", "2000 U.S. Std." if "Age-Adjusted Rate" in document.lines[0] else "")
    return _Query(
        dataset=asked.get("Dataset", "data set not named"),
        cancer=_asked_cancer(asked),
        sex=_SEXES.get(next((asked[name] for name in _SEX if name in asked), ""), "both"),
        region=re.sub(r" \(\d+\)$", "", next((asked[name] for name in _PLACE if name in asked), "")),
        year=int(year[1]) if year else None,
        ages=_asked_ages(chosen),
        standard="us2000" if standard.startswith("2000 U.S. Std") else standard,
    )


def _asked_ages(chosen: str) -> str:
    """Return the one age group that was chosen, all where none was, "unknown" where it cannot be told."""
    if not chosen:
        return "all"
    try:
        return joined(age_group(re.sub(r" years?$", "", part.strip())) for part in chosen.split(";"))
    except ValueError:
        return "unknown"


def _asked_cancer(asked: dict[str, str]) -> str:
    """Return the one cancer that was asked for, or the reason why a file without a column of cancers is left out."""
    sites = next((asked[name] for name in _CANCER[2:] if name in asked), "")
    if sites:
        return "melanoma" if re.fullmatch(r"Melanomas? of the Skin", sites) else f"of {sites}: not skin cancer alone"
    codes = re.findall(r"\b([A-Z]\d\d(?:\.\d)?) \(", asked.get("ICD-10 Codes", ""))
    for cancer, code in (("melanoma", "C43"), ("nmsc", "C44")):
        if code in codes or len([found for found in codes if found.startswith(f"{code}.")]) == _PARTS:
            return cancer if all(found.startswith(code) for found in codes) else f"of {code} and others together"
    return f"of {', '.join(codes)}: not skin cancer" if codes else "of all cancers together"
