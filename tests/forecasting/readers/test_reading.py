from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import FileUnreadable
from forecasting.readers.reading import SUPPRESSED, Complaint, Document, Draft, number, series_id
from tests.forecasting.readers.drawn import drawn, left_out, workbook

if TYPE_CHECKING:
    from pathlib import Path


@given(st.integers(0, 10**12))
def test_a_number_is_read_with_each_publishers_marks(value: int) -> None:
    assert number(str(value)) == number(f"{value:,}") == value
    assert number(f"{value:,}".replace(",", "."), thousands=".", decimal=",") == value
    assert number(f" {value}.5 ") == value + 0.5


@given(st.text())
def test_whatever_stands_in_a_cell_is_a_number_a_mark_or_refused(text: str) -> None:
    try:
        value = number(text)
    except ValueError:
        return
    assert value is None or value is SUPPRESSED or -1.8e308 < value < 1.8e308


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "1,23", "1.2.3", "12 cases", "-,1", "٣"])
def test_what_only_looks_like_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        number(text)


def test_kept_back_is_neither_zero_nor_absent() -> None:
    assert number("~") is number("3 or fewer") is number("<5") is SUPPRESSED
    assert number("") is number("N/A") is number(None) is None
    assert number("", suppressed={""}) is SUPPRESSED
    assert number("1.047", thousands=".", decimal=",") == 1047


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_decoded_and_cut_into_lines(tmp_path: Path, encoding: str) -> None:
    document = drawn(tmp_path, "a,Isère\r\nb,\u20131\r\n".encode(encoding))
    assert document.lines == ["a,Isère", "b,\u20131"]
    assert document.cells(1) == ["a", "Isère"]
    assert document.cells(9) == []


def test_gzip_is_undone_and_a_binary_file_has_no_text(tmp_path: Path) -> None:
    assert drawn(tmp_path, gzip.compress(b"a\n")).lines == ["a"]
    assert drawn(tmp_path, b"\x01\x00\x02").text == ""


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    for content in (b"", b" \n", b"\x1f\x8b broken"):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(FileUnreadable):
            Document.open(tmp_path / "file")
    with pytest.raises(FileUnreadable, match="cannot be opened"):
        Document.open(tmp_path)
    with pytest.raises(FileUnreadable, match="looks like a workbook"):
        _ = drawn(tmp_path, b"PK\x03\x04 broken").sheets


def test_a_workbook_is_cells_by_sheet(tmp_path: Path) -> None:
    assert drawn(tmp_path, workbook({"one": [["a", 1.5], [None, "b"]]})).sheets == {"one": [["a", 1.5], [None, "b"]]}


def test_a_companion_is_found_by_a_part_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "ID_dict.csv").write_text("x", encoding="utf-8")
    document = drawn(tmp_path, "y", "data.csv")
    found = document.sibling("id_dict")
    assert found is not None
    assert found.text == "x"
    assert document.sibling("data") is None


def test_a_stray_quote_spoils_only_its_own_line(tmp_path: Path) -> None:
    draft = Draft(drawn(tmp_path, 'a,b,a\n1,2,3\n"4,5,6\n7,8,9,\n\n1,2,3,4\nend\n9,9,9\n'), "x")
    rows = list(draft.records(1, end=lambda line: line == "end"))
    assert rows == [(2, {"a": "1", "b": "2", "a (2)": "3"}), (4, {"a": "7", "b": "8", "a (2)": "9"})]
    assert [(complaint.line, complaint.reason) for complaint in draft.complaints] == [
        (3, "has 1 cells, not 3"),
        (6, "has 4 cells, not 3"),
    ]


def test_a_row_that_comes_again_is_never_added_up(tmp_path: Path) -> None:
    draft = Draft(drawn(tmp_path, "x"), "x", prefix="p")
    for line, count in ((1, 5.0), (2, 5.0), (3, 6.0)):
        draft.add(line, country="Utopia", sex="both", cancer="bcc", measure="incidence", year=2001, count=count)
    reading = draft.reading()
    assert list(reading.table["count"]) == [5]
    assert left_out(reading) == {"given again with the same figures": 1}
    assert [complaint.line for complaint in reading.complaints] == [3]


def test_cells_that_contradict_themselves_are_complaints(tmp_path: Path) -> None:
    draft = Draft(drawn(tmp_path, "x"), "x")
    assert (
        draft.cell("-1", 1, "count") is draft.cell("1.5", 2, "count", whole=True) is draft.year("199", 3, "y") is None
    )
    assert draft.year(1999.0, 4, "y") == 1999
    assert [complaint.reason for complaint in draft.complaints] == [
        "is negative",
        "is not a whole number",
        "is not a year",
    ]


def test_a_complaint_is_one_sentence() -> None:
    assert (
        str(Complaint("f.csv", 3, "Count", "12x", "is not a number")) == "f.csv, line 3, Count: '12x' is not a number."
    )


def test_a_series_is_named_as_in_the_counts_table() -> None:
    assert (
        series_id("ci5p", "Türkiye Antalya", "both", "melanoma", "incidence")
        == "ci5p-turkiye-antalya-both-melanoma-inc"
    )
    assert (
        series_id("rcrd", "England", "both", "skin_all", "mortality", "month")
        == "rcrd-england-both-skin_all-mort-monthly"
    )
