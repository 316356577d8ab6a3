"""RENIPRESS: the health facilities of Peru's Ministry of Health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.places import folded
from functions.care.readers.layout import Drop, Layout, Origin
from functions.care.readers.rules import kind_by_name

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Affordable, Kind, Site

_ORIGIN = Origin("pe", "RENIPRESS health facilities (Peru Ministry of Health)", "Peru open government data")
_NAME = "nombre _establecimiento"


def _read(row: Row) -> Site | Drop:
    name = _single(row[_NAME])
    told = _single(row["clasificacion"])
    kind: Kind
    if "PUESTOS DE SALUD" in told or _single(row["categoria"]) in {"I-1", "I-2"}:
        return Drop(name, "health post")
    if told.startswith(("HOSPITALES", "INSTITUTOS")):
        kind = kind_by_name(name, "hospital")
    elif told.startswith("CENTROS DE SALUD"):
        kind = "community_health_center"
    elif told.startswith(("POLICLINICOS", "CENTROS MEDICOS", "CONSULTORIOS")):
        kind = kind_by_name(name, "clinic")
    else:
        return Drop(name, "laboratory, dental, transport or other service")
    affordable, basis, eligibility = _owner(folded(_single(row["institucion"])))
    return _ORIGIN.site(
        own_id=_single(row["codigo"]),
        name=name,
        kind=kind,
        address=_single(row["direccion"]),
        city=_single(row["distrito"]),
        region=_single(row["departamento"]),
        country="PE",
        latitude=_single(row["latitude"]),
        longitude=_single(row["longitude"]),
        phone=_single(row.get("telefono", "")),
        affordable=affordable,
        basis=basis,
        eligibility=eligibility,
    )


def _owner(institution: str) -> tuple[Affordable, str, str]:
    if "essalud" in institution:
        return "yes", "social health insurance facility", "people insured by EsSalud"
    if "sanidad" in institution:
        return "yes", "armed forces or police facility", "military or police only"
    if "priva" in institution or "mixto" in institution:
        return "no", "private facility", ""
    return "yes", "public facility of the health ministry or region (SIS public insurance)", ""


def _single(value: str) -> str:
    """Return one of two equal values in one cell ("X,X")."""
    half, _, other = value.partition(",")
    middle = len(value) // 2
    if half.strip() == other.strip():
        return half.strip()
    doubled = len(value) % 2 == 1 and value[middle] == "," and value[:middle].strip() == value[middle + 1 :].strip()
    return value[:middle].strip() if doubled else value


LAYOUT = Layout(
    "RENIPRESS health facilities",
    frozenset(
        {
            "institucion",
            "codigo",
            _NAME,
            "clasificacion",
            "departamento",
            "distrito",
            "direccion",
            "categoria",
            "longitude",
            "latitude",
        }
    ),
    _read,
)
