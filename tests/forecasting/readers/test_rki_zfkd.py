from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers import read_file, rki_zfkd
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

    from forecasting.readers.reading import Document

MELANOMA = "Malignes Melanom der Haut (C43)"
TEXT = (
    "year;diag;AG;weiblich;maennlich;\r\n"
    f"2014;{MELANOMA};0 - 4;2;1;\r\n"
    f"2014;{MELANOMA};5 - 84;9.047;10.523;\r\n"
    f"2014;{MELANOMA};85+;1.001;787;\r\n"
    "2014;Penis (C60);85+;x;65;\r\n"
)


def download(folder: Path, text: str, asked: str = "Inzidenz, Fallzahlen in Deutschland\n") -> Document:
    (folder / "metadaten.txt").write_text(asked, encoding="utf-8")
    return drawn(folder, text, "Krebsdaten.csv")


def test_a_dot_is_a_mark_of_thousands(tmp_path: Path) -> None:
    document = download(tmp_path, TEXT)
    assert rki_zfkd.understands(document)
    reading = rki_zfkd.read(document)
    assert row(reading.table, sex="female", age_group="5-84")["count"] == 9047
    assert row(reading.table, sex="female", age_group="all")["count"] == 10050
    both = row(reading.table, sex="both", age_group="all")
    assert (both["count"], both["series_id"]) == (21361, "rki-germany-both-melanoma-inc")
    assert left_out(reading) == {"other cancers than of the skin": 1}
    assert not reading.complaints


def test_marks_of_numbers_kept_back_leave_the_total_unknown(tmp_path: Path) -> None:
    reading = rki_zfkd.read(download(tmp_path, TEXT.replace("0 - 4;2;1;", "0 - 4;<5;x;")))
    assert row(reading.table, sex="female", age_group="0-4")["suppressed"]
    assert not row(reading.table, sex="male", age_group="0-4")["suppressed"]
    totals = reading.table[reading.table["age_group"] == "all"]
    assert totals["count"].isna().all()


def test_a_dot_that_marks_no_thousands_is_told(tmp_path: Path) -> None:
    text = TEXT.replace("9.047", "9.04").replace("85+;1.001", "old;1.001")
    reading = rki_zfkd.read(download(tmp_path, text))
    assert [(complaint.line, complaint.column, complaint.found) for complaint in reading.complaints] == [
        (3, "weiblich", "9.04"),
        (4, "AG", "old"),
    ]


def test_the_metadata_file_tells_deaths_and_rates(tmp_path: Path) -> None:
    deaths = rki_zfkd.read(download(tmp_path, TEXT, "Mortalität, Fallzahlen in Deutschland"))
    assert set(deaths.table["measure"]) == {"mortality"}
    rates = rki_zfkd.read(download(tmp_path, TEXT, "Inzidenz, Rohe Rate in Deutschland"))
    assert rates.table.empty
    assert left_out(rates)["rates, as metadaten.txt says, and no cases"] == 3


def test_without_the_metadata_file_the_note_says_so(tmp_path: Path) -> None:
    reading = rki_zfkd.read(drawn(tmp_path, TEXT))
    assert "without metadaten.txt" in row(reading.table, sex="female", age_group="0-4")["note"]


def test_the_query_alone_is_understood_and_has_no_rows(tmp_path: Path) -> None:
    file = tmp_path / "metadaten.txt"
    file.write_text("Datenstand: 1.1.2020\nInzidenz\n© Zentrum für Krebsregisterdaten im Robert Koch-Institut\n")
    reading = read_file(file)
    assert reading.layout == "rki_zfkd"
    assert reading.table.empty
    assert [(gone.rows, gone.reason) for gone in reading.left_out] == [
        (3, "the query: it is read together with Krebsdaten.csv")
    ]
