"""Every sample of a published layout against every reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecasting.errors import FileUnreadable
from forecasting.readers import read_file, readers
from forecasting.readers.reading import Document

REGISTRIES = Path(__file__).parents[2] / "../shared/data/registries"
FORMATS = REGISTRIES / "formats"
pytestmark = pytest.mark.skipif(not FORMATS.is_dir(), reason="the registries' files are not in ../shared/data")

# Words about another file, not data: no reader's.
WORDS = {"README.md"}
FILES = sorted(path for path in FORMATS.rglob("*") if path.is_file() and path.name not in WORDS)


def test_the_samples_are_there() -> None:
    assert len(FILES) > 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FORMATS)))
def test_exactly_one_reader_understands_each_sample(path: Path) -> None:
    document = Document.open(path)
    assert len([reader.NAME for reader in readers() if reader.understands(document)]) == 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FORMATS)))
def test_the_content_tells_the_layout_and_not_the_name(path: Path) -> None:
    by_name = [reader.NAME for reader in readers() if reader.understands(Document.open(path))]
    unnamed = Document(path.with_name("download"), path.read_bytes())
    assert [reader.NAME for reader in readers() if reader.understands(unnamed)] == by_name


def test_words_and_unknown_files_get_the_one_sentence() -> None:
    for path in (REGISTRIES / "README.md", REGISTRIES / "golden_decomposition.json"):
        with pytest.raises(FileUnreadable, match="has none of the layouts that are understood"):
            read_file(path)
