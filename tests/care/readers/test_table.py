from __future__ import annotations

import gzip
import json

import pytest

from functions.care.readers.table import LATITUDE, LONGITUDE, FileUnreadable, cleaned, read_table


def table(tmp_path, data: bytes):
    file = tmp_path / "list"
    file.write_bytes(data)
    return read_table(file)


def test_separators_encodings_and_torn_rows(tmp_path) -> None:
    latin = "OrganisationID¬Name¬City\r\n1¬Château¬Tours\r\n".encode("latin-1")
    assert table(tmp_path, latin).rows == [{"OrganisationID": "1", "Name": "Château", "City": "Tours"}]
    assert table(tmp_path, "\ufeffa;b\n1;é\n".encode()).rows == [{"a": "1", "b": "é"}]
    assert table(tmp_path, gzip.compress(b"a,b\n1,2\n")).rows == [{"a": "1", "b": "2"}]
    assert table(tmp_path, b'a,b,c\n"1,x,2",,\n').rows == [{"a": "1", "b": "x", "c": "2"}]
    assert table(tmp_path, b"a,b,\n1,2\n").rows == [{"a": "1", "b": "2"}]


def test_an_area_is_a_point(tmp_path) -> None:
    square = [[[10, 50], [12, 50], [12, 52], [10, 52], [10, 50]]]
    geometries = [
        {"type": "Point", "coordinates": [5, 6]},
        {"type": "Polygon", "coordinates": square},
        {"type": "MultiPolygon", "coordinates": [square]},
        {"type": "Polygon", "coordinates": [[[1, 2]]]},
        None,
    ]
    found = {
        "type": "FeatureCollection",
        "features": [{"properties": {"name": "x"}, "geometry": one} for one in geometries],
    }
    points = [(row.get(LONGITUDE), row.get(LATITUDE)) for row in table(tmp_path, json.dumps(found).encode()).rows]
    assert [tuple(map(float, point)) for point in points[:4]] == [(5, 6), (11, 51), (11, 51), (1, 2)]
    assert points[4] == (None, None)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"{}", b'{"features": 3}', b"words", b"a,b\n", b"\x1f\x8bno", b'{"features": [1]}']
)
def test_what_is_no_table_is_told(tmp_path, data: bytes) -> None:
    with pytest.raises(FileUnreadable):
        table(tmp_path, data)


def test_values_are_cleaned() -> None:
    assert cleaned(" St. Mary&amp;s  %E2%80%93 Thane\x00 ") == "St. Mary&s \u2013 Thane"
    assert [cleaned(value) for value in ("NOT AVAILABLE", "-999", "NA", 'HF"')] == ["", "", "", "HF"]
