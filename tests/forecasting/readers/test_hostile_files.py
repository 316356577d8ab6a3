"""Whatever stands in a cell, a reader returns what can be read and complains of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import FileUnreadable
from forecasting.readers import (
    aihw_acim,
    aihw_melanoma_age,
    cruk_rcrd_monthly,
    ndrs_cancerdata_england,
    nkr_netherlands,
    nordcan_api,
    nordcan_chart,
    nordpred,
    norway_statistics_bank,
    phs_scotland,
    rki_zfkd,
    un_wpp,
)
from forecasting.readers.reading import Document
from tests.forecasting.readers import (
    test_aihw_acim,
    test_aihw_melanoma_age,
    test_cruk_rcrd_monthly,
    test_ndrs_cancerdata_england,
    test_nkr_netherlands,
    test_nordcan_api,
    test_nordcan_chart,
    test_nordpred,
    test_norway_statistics_bank,
    test_phs_scotland,
    test_rki_zfkd,
    test_un_wpp,
)

if TYPE_CHECKING:
    from types import ModuleType

FILES: dict[ModuleType, tuple[str, str]] = {
    aihw_acim: ("acim.csv", test_aihw_acim.TEXT),
    aihw_melanoma_age: ("melanoma.csv", test_aihw_melanoma_age.CSV),
    cruk_rcrd_monthly: ("rcrd.csv", test_cruk_rcrd_monthly.HEADER + test_cruk_rcrd_monthly.month("2025-05-01", "5")),
    ndrs_cancerdata_england: (
        "ndrs.csv",
        test_ndrs_cancerdata_england.HEADER + test_ndrs_cancerdata_england.line("20 to 24, 25 to 29", "C43", "7"),
    ),
    nkr_netherlands: ("nkr.csv", test_nkr_netherlands.TEXT),
    nordcan_api: ("nordcan.json", test_nordcan_api.blocks(test_nordcan_api.a_year(1980))),
    nordcan_chart: ("melanoma.csv", test_nordcan_chart.CHART),
    nordpred: ("nordpred.txt", "row.names,88-92,93-97\n" + test_nordpred.BODY),
    norway_statistics_bank: ("norway.csv", test_norway_statistics_bank.as_csv(test_norway_statistics_bank.ROWS)),
    phs_scotland: ("phs.csv", test_phs_scotland.HEADER + test_phs_scotland.MELANOMA + test_phs_scotland.NMSC),
    rki_zfkd: ("Krebsdaten.csv", test_rki_zfkd.TEXT),
    un_wpp: ("popM.txt", test_un_wpp.TEXT),
}
WRITTEN = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "-1", "1e400", "nan", "9" * 30, '"', "2014\u20132018", "<5", "[]", "{}", "\x00", "\n", "١٢"]),
)


@pytest.mark.parametrize("layout", FILES, ids=lambda layout: layout.NAME)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_a_reader_survives_any_cell(layout: ModuleType, data: st.DataObject) -> None:
    name, text = FILES[layout]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    changed = text[:start] + data.draw(WRITTEN) + text[end:]
    document = Document(Path("drawn") / name, changed.encode("utf-8", "surrogatepass"))
    if not layout.understands(document):
        return
    try:
        reading = layout.read(document)
    except FileUnreadable:
        assert layout is nordcan_api  # damaged JSON has no cells
        return
    assert (reading.table.loc[reading.table["suppressed"], "count"].isna()).all()
    assert all(str(complaint) for complaint in reading.complaints)
