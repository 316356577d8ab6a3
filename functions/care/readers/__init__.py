"""Published lists of places of care in, `Site` and `Drop` out: one module a layout, chosen by its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.readers import (
    aihw_australia,
    cms_hospitals,
    cnes_brazil,
    doh_philippines,
    gisco_healthcare,
    healthsites,
    hifld_hospitals,
    hrsa_extract,
    hrsa_sites,
    india_directory,
    maharashtra_hospitals,
    merged,
    myanmar_hospitals,
    nhs_england,
    nhs_scotland,
    odhf_canada,
    overpass,
    radiotherapy_centres,
    renipress_peru,
    ssa_public_facilities,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from functions.care.readers.layout import Layout

LAYOUTS: tuple[Layout, ...] = tuple(
    module.LAYOUT
    for module in (
        aihw_australia,
        cms_hospitals,
        cnes_brazil,
        doh_philippines,
        gisco_healthcare,
        healthsites,
        hifld_hospitals,
        hrsa_extract,
        hrsa_sites,
        india_directory,
        maharashtra_hospitals,
        merged,
        myanmar_hospitals,
        nhs_england,
        nhs_scotland,
        odhf_canada,
        overpass,
        radiotherapy_centres,
        renipress_peru,
        ssa_public_facilities,
    )
)


def layout_of(columns: Collection[str]) -> Layout | None:
    """Return the layout whose columns are all there, the one with the most of them; None where there is none."""
    fitting = [layout for layout in LAYOUTS if layout.columns <= set(columns)]
    return max(fitting, key=lambda layout: len(layout.columns)) if fitting else None
