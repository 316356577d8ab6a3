"""`python -m forecasting publish`: counts in, a publication out, and refusals as sentences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import forecasting
from forecasting.__main__ import cli
from forecasting.errors import PublicationRefused
from forecasting.forecast_files import Forecasts
from forecasting.result import FINAL, LeftOut, SeriesForecast
from functions.common.storage import FolderStorage
from functions.forecasts.reader import Publications
from tests.forecasting.drawn import drawn_quantiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecasting.project import Job

SAMPLES = Path(forecasting.__file__).parent / "samples"
COUNTS = [str(SAMPLES / name) for name in ("australia_melanoma.csv", "england_melanoma_monthly.csv")]


@pytest.fixture(autouse=True)
def _quick_forecasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put drawn forecasts in the place of the engine, which has its own tests."""

    def drawn(jobs: Sequence[Job], _: int, done: Any) -> Forecasts:
        made = []
        for count, job in enumerate(jobs, start=1):
            known = len(job.series.counts)
            forecasts = {FINAL: drawn_quantiles(job.series, FINAL, known, job.horizon)}
            made.append(SeriesForecast(job.series, forecasts, {}, (), ()))
            done(count)
        return Forecasts(tuple(made), (LeftOut("a-series", "fewer than 8 years"),))

    monkeypatch.setattr("forecasting.forecast_files.forecasts_of", drawn)
    monkeypatch.setattr("forecasting.pictures.forecast_picture", lambda document: document.series_id.encode())


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["publish", *arguments], catch_exceptions=False)


def test_counts_become_a_publication(tmp_path: Path) -> None:
    done = run(
        *COUNTS, "--sources", str(SAMPLES / "sources.json"), "--to", str(tmp_path), "--by-age", "--json",
        "--as-of", "2026-11-23T06:00:00Z", "--horizon", "5",
    )  # fmt: skip
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    publications = Publications(FolderStorage(tmp_path), refresh_s=0)
    manifest = publications.manifest()
    assert (told["version"], told["series"]) == (manifest.version, 3 + 3 + 1)
    assert manifest.version.startswith("20261123T060000Z-")
    assert [one.age_group for one in manifest.series[:4]] == ["all", "0-49", "50-69", "70+"]
    assert [one.reason for one in manifest.left_out] == ["fewer than 8 years"]
    whole = publications.document(manifest, publications.entry(manifest, "aihw-australia-both-melanoma-inc"))
    assert [split.period for split in whole.causes] == [str(year) for year in range(2019, 2024)]
    monthly = publications.entry(manifest, "rcrd-united-kingdom-england-both-melanoma-inc-monthly")
    assert (monthly.data_through, monthly.licence) == ("2025-05", "Open Government Licence v3.0 (United Kingdom)")


def test_a_source_without_a_licence_is_not_published(tmp_path: Path) -> None:
    sources = tmp_path / "sources.json"
    sources.write_text('{"sources": []}')
    with pytest.raises(PublicationRefused, match="no licence is stated for the source 'AIHW Australian"):
        run(*COUNTS, "--sources", str(sources), "--to", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_help_has_an_example() -> None:
    assert "forecasting/samples" in run("--help").stdout
