"""CNES primary care units of Brazil, with points that a third party's geocoder gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.places import folded
from functions.care.readers.layout import Drop, Layout, Origin

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Site

_ORIGIN = Origin(
    "cnes",
    "CNES primary care units (Brazil Ministry of Health); coordinates geocoded by address, approximate",
    "Brazil open government data (CNES/DATASUS); no licence file with the geocoding",
)


def _read(row: Row) -> Site | Drop:
    name = row["NOME"]
    if folded(row["MUNICIPIO"]) not in folded(row["ENDERECO_API"]):
        return Drop(name, "geocoder answer does not name the municipality")
    number = row["CO_CNES"].partition(".")[0]
    return _ORIGIN.site(
        own_id=number if number.strip("0") else "",
        name=name,
        kind="community_health_center",
        address=f"{row['LOGRADOURO']} {row['NUMERO']}".strip(),
        city=row["MUNICIPIO"],
        region=row["UF"],
        postal_code=row.get("CEP", ""),
        country="BR",
        latitude=row["LATITUDE"],
        longitude=row["LONGITUDE"],
        affordable="yes",
        basis="public primary care unit of the national health service (SUS), free of charge",
    )


LAYOUT = Layout(
    "CNES primary care units",
    frozenset({"UF", "MUNICIPIO", "NOME", "LOGRADOURO", "NUMERO", "LATITUDE", "LONGITUDE", "ENDERECO_API", "CO_CNES"}),
    _read,
)
