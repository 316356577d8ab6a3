"""Cases by five-year age group and sex, as IARC publishes them, with the totals that it leaves to be added up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forecasting.readers.reading import FIVE_YEAR_AGES

if TYPE_CHECKING:
    from forecasting.readers.reading import Draft

UNKNOWN = "unknown"
NO_POPULATION = "no population published for this age group (lower open-ended group)"
SUM_OF_AGES = "sum of ages; unknown age included"
SUM_OF_SEXES = "sum of sexes"
SUM_OF_BOTH = "sum of sexes and ages; unknown age included"


@dataclass
class ByAge:
    """One sex in one year. `counts` and `populations` by age group; None: not known. `line`: where it starts."""

    line: int
    counts: dict[str, float | None] = field(default_factory=dict)
    populations: dict[str, float | None] = field(default_factory=dict)

    def total(self) -> float | None:
        """Return the cases of all ages, None where an age group is absent or not known."""
        if not set(FIVE_YEAR_AGES) <= set(self.counts):
            return None
        return _sum(list(self.counts.values()))

    def persons(self) -> float | None:
        """Return the persons of all ages: those of old age stand in the last group that has any."""
        known = [value for value in self.populations.values() if value is not None]
        return sum(known) if known else None


def add_by_age(draft: Draft, sexes: dict[str, ByAge], rates: dict[str, float | None], **common: Any) -> None:
    """Add one place, cancer and year: each sex by age and of all ages, and both sexes where both are there.

    A row of unknown age stands only where it has cases.

    Args:
        draft: the reading that is filled.
        sexes: male, female, or both where it was published.
        rates: age-standardised rate of each sex, where it was published.
        common: country, region, cancer, measure, year, standard, of `Draft.add`.

    """
    for sex, found in sexes.items():
        _add(draft, sex, found, rates.get(sex), "", SUM_OF_AGES, common)
    if "both" not in sexes and {"male", "female"} <= set(sexes):
        male, female = sexes["male"], sexes["female"]
        together = ByAge(
            male.line,
            _added(male.counts, female.counts),
            _added(male.populations, female.populations),
        )
        _add(draft, "both", together, None, SUM_OF_SEXES, SUM_OF_BOTH, common)


def _add(
    draft: Draft, sex: str, found: ByAge, rate: float | None, note: str, total_note: str, common: dict[str, Any]
) -> None:
    for age in (*FIVE_YEAR_AGES, UNKNOWN):
        if age not in found.counts or (age == UNKNOWN and found.counts[age] == 0):
            continue
        population = found.populations.get(age)
        absent = age != UNKNOWN and population is None and found.persons() is not None
        draft.add(
            found.line,
            sex=sex,
            age_group=age,
            count=found.counts[age],
            population=population,
            note=NO_POPULATION if absent else note,
            **common,
        )
    total = found.total()
    if total is not None:
        draft.add(
            found.line, sex=sex, count=total, population=found.persons(), rate_asr=rate, note=total_note, **common
        )


def _added(one: dict[str, float | None], other: dict[str, float | None]) -> dict[str, float | None]:
    """Return the sums of two sexes; an unknown age that one sex lacks is none there."""
    both = {age: _sum([one[age], other[age]]) for age in one if age in other}
    return both | {age: part[age] for part in (one, other) for age in part if age == UNKNOWN and age not in both}


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
