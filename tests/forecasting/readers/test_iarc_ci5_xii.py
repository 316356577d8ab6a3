from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers import iarc_ci5_xii as volume
from forecasting.readers.reading import FIVE_YEAR_AGES
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

AGES = ",".join(f"P{age.replace('-', '_').rstrip('+')}" for age in FIVE_YEAR_AGES)
HEADER = f"REGISTRY,SEX,AGE_GROUP,{AGES},P_unk\n"
REGISTRIES = "100000001 * France, Somewhere      2013-2016\n100000002 Mauritius   2013-2017\n"


def test_person_years_become_the_population_of_the_mean_year(tmp_path: Path) -> None:
    (tmp_path / "Registry.txt").write_text(REGISTRIES, encoding="utf-8")
    short = "100000001,1,16," + ",".join(["400"] * 16 + ["0", "0"]) + ",40\n"
    full = "100000002,2,18," + ",".join(["5oo"] + ["500"] * 17) + ",0\n"
    document = drawn(tmp_path, HEADER + short + full + short.replace("001,", "009,"), "pop.csv")
    assert volume.understands(document)
    reading = volume.read(document)
    assert reading.table.empty
    populations = reading.populations
    assert populations is not None
    open_group = row(populations, region="Somewhere", age_group="75+")
    assert (open_group["population"], open_group["year"], open_group["sex"]) == (100, 2014, "male")
    assert not (populations[populations["region"] == "Somewhere"]["age_group"] == "85+").any()
    assert row(populations, country="Mauritius", age_group="85+")["population"] == 100
    assert row(populations, region="Somewhere", age_group="unknown")["population"] == 10
    assert [(complaint.line, complaint.column) for complaint in reading.complaints] == [(3, "P0_4")]
    assert sorted(left_out(reading).values()) == [1, 2]


def test_the_lists_are_named_as_such(tmp_path: Path) -> None:
    for text in (REGISTRIES, "CANCER\tICD-10\tLABEL\n1\tC00\tLip\n2\tC43 \tMelanoma of skin\n"):
        document = drawn(tmp_path, text)
        assert volume.understands(document)
        assert left_out(volume.read(document)) == {"a list: it is read together with pop.csv": 2}
