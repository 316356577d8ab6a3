"""How a file finds its reader."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import forecasting.readers
from forecasting.errors import FileUnreadable
from forecasting.readers import read_file, reader_of, readers
from forecasting.readers.reading import Document
from tests.forecasting.readers.drawn import drawn, left_out

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).with_name("example_layout.py")


def test_every_layout_has_a_name_of_its_own_and_a_title() -> None:
    names = [reader.NAME for reader in readers()]
    assert len(set(names)) == len(names) > 20
    assert all(reader.TITLE and reader.__name__.endswith(f".{reader.NAME}") for reader in readers())


def test_an_unknown_file_gets_one_sentence_that_names_all_layouts(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(FileUnreadable) as refused:
        read_file(tmp_path / "list.csv")
    sentence = str(refused.value)
    assert sentence.startswith(f"{tmp_path / 'list.csv'} has none of the layouts that are understood: ")
    assert "\n" not in sentence
    assert all(reader.TITLE in sentence for reader in readers())


def test_two_readers_of_one_file_are_an_error_that_names_both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    both = tuple(SimpleNamespace(NAME=name, TITLE=name, understands=lambda _: True) for name in ("one", "two"))
    monkeypatch.setattr(forecasting.readers, "readers", lambda: both)
    with pytest.raises(FileUnreadable, match="understood by one and two"):
        reader_of(drawn(tmp_path, "x"))


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=200) | st.text(min_size=1).map(str.encode))
def test_bytes_that_are_no_registrys_are_refused_and_nothing_breaks(raw: bytes) -> None:
    with pytest.raises(FileUnreadable):
        reader_of(Document(Path("anything.csv"), raw))


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Put the example of CONTRIBUTING.md beside the readers, as its one new file."""
    folder = tmp_path / "more"
    folder.mkdir()
    shutil.copy(EXAMPLE, folder / "utopia.py")
    monkeypatch.setattr(forecasting.readers, "__path__", [*forecasting.readers.__path__, str(folder)])
    readers.cache_clear()
    yield
    readers.cache_clear()
    del sys.modules["forecasting.readers.utopia"], forecasting.readers.utopia


@pytest.mark.usefixtures("example")
def test_a_new_layout_is_one_new_file(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(
        "Year;Sex;Melanomas\n2001;w;1,204\n2001;m;~\n2001-2005;w;6,000\n2002;w;4x\n2003;u;1\n", "utf-8"
    )
    reading = read_file(tmp_path / "x.txt")
    assert reading.layout == "utopia"
    assert list(reading.table["series_id"]) == [
        f"utopia-utopia-{sex}-melanoma-inc" for sex in ("female", "female", "male")
    ]
    assert reading.table["count"].tolist()[0] == 1204
    assert reading.table["suppressed"].tolist() == [False, False, True]
    assert left_out(reading) == {"totals of several years": 1}
    assert [str(complaint) for complaint in reading.complaints] == [
        "x.txt, line 5, Melanomas: '4x' is not a number.",
        "x.txt, line 6, Sex: 'u' is neither w nor m.",
    ]


def test_contributing_shows_the_example_that_is_tested() -> None:
    text = (Path(forecasting.readers.__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    if "forecasting/readers" not in text:
        pytest.skip("CONTRIBUTING.md does not speak of readers yet")
    assert EXAMPLE.read_text(encoding="utf-8").strip() in text
