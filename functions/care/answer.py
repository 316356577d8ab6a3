"""What is asked of the room and what it answers; no HTTP, no settings, no logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from functions.care.places import Place
from functions.care.sentences import Language, SentenceName, language_of, sentence
from functions.care.site import Affordable, Group, Kind
from functions.common.problems import PlaceIncomplete

if TYPE_CHECKING:
    from functions.care.directory import Directory, Found
    from functions.care.places import Places

Distance = Annotated[float, Field(ge=0, description="Great-circle distance from the place asked for, km.")]
_KM_DIGITS = 1


class Asked(BaseModel):
    """A place (latitude with longitude, postal_code with country, or city), and what is looked for around it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    latitude: float | None = Field(
        None, ge=-90, le=90, allow_inf_nan=False, description="Degrees. Rounded to 0.05, about 5 km, it serves as well."
    )
    longitude: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False, description="Degrees.")
    postal_code: str | None = Field(
        None, min_length=3, max_length=12, description="With country: a ZIP code (US), a postal code (CA)."
    )
    country: str | None = Field(None, pattern="^[A-Za-z]{2}$", description="ISO 3166-1 alpha-2, such as US.")
    city: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Of 15,000 people or more, in many languages; `Springfield, IL` or country narrows it.",
    )
    radius_km: float = Field(100, gt=0, le=2000, allow_inf_nan=False, description="None further than this.")
    kind: list[Kind] = Field([], max_length=5, description="Of these kinds; without, of every kind.")
    affordable: bool = Field(default=False, description="Only places that their source lets us call affordable.")
    eligibility: list[Group] = Field(
        [], max_length=7, description="Places for these groups too; without, only places that are open to the public."
    )
    limit: int = Field(10, ge=1, le=50, description="At most so many.")
    lang: str = Field("en", max_length=35, description="Of the sentences: en, es, de, pt or hi; English for any other.")


class Sentence(BaseModel):
    """One of a closed set of sentences."""

    name: SentenceName = Field(description="Stable; what a program should look at.")
    text: str = Field(description="For a person, in the language of the answer.")


class CareSite(BaseModel):
    """A place of care, as its source describes it."""

    phone: str | None = Field(description="Call first. Null where the source has none.")
    name: str = Field(description="As published.")
    kind: Kind = Field(description="By the source, or by the name where the name says more.")
    address: str | None = Field(description="Street, city, region and postal code, as published.")
    country: str = Field(description="ISO 3166-1 alpha-2.")
    url: str | None = Field(description="As published; not visited by us.")
    latitude: float = Field(description="Of the place, WGS84 degrees.")
    longitude: float = Field(description="Of the place, WGS84 degrees.")
    distance_km: Distance
    affordable: Affordable = Field(description="What the source lets us say; `yes` is not free for everybody.")
    affordable_basis: str = Field(description="Why, in English.")
    only_for: str | None = Field(description="Whom the place is for, in English; null where it is open to the public.")
    ask: list[Sentence] = Field(description="What to say on the phone, in this order.")
    source: str = Field(description="Who published it.")
    licence: str = Field(description="Under which licence.")
    source_date: str = Field(description="The month that the data describes, YYYY-MM.")
    attribution: str = Field(description="The line to show with it.")


class CareAnswer(BaseModel):
    """The nearest places of care, the nearest first."""

    near: str | None = Field(description="Which postal code or city was understood; null for coordinates.")
    language: Language = Field(description="Of the sentences.")
    sites: list[CareSite] = Field(description="Sorted by distance_km.")
    notes: list[Sentence] = Field(description="What holds for all of them.")
    attribution: list[str] = Field(description="Every source that the answer draws on.")


def place_of(asked: Asked, places: Places) -> Place:
    """Return the one point that is asked for.

    Raises:
        PlaceIncomplete: when there is none, half of one, or more than one.
        PlaceUnknown: when the postal code or city is not in the list.
        PostalCodesUnknown: when no postal codes are held for the country.

    """
    is_point = asked.latitude is not None or asked.longitude is not None
    ways = sum((is_point, asked.postal_code is not None, asked.city is not None))
    if ways != 1:
        raise PlaceIncomplete("Give one of: latitude with longitude, postal_code with country, city.")
    if asked.postal_code is not None:
        if asked.country is None:
            raise PlaceIncomplete("Give country with postal_code, such as country=US.")
        return places.postal(asked.postal_code, asked.country)
    if asked.city is not None:
        return places.city(asked.city, asked.country)
    if asked.latitude is None or asked.longitude is None:
        raise PlaceIncomplete("Give latitude and longitude together.")
    return Place("", asked.latitude, asked.longitude)


def answer(asked: Asked, directory: Directory, places: Places) -> CareAnswer:
    """Return the nearest places of care to what is asked; raises what `place_of` raises."""
    place = place_of(asked, places)
    found = directory.near(
        place.latitude,
        place.longitude,
        radius_km=asked.radius_km,
        limit=asked.limit,
        kinds=asked.kind,
        affordable_only=asked.affordable,
        groups=asked.eligibility,
    )
    language = language_of(asked.lang)
    sites = [_shown(one, language) for one in found]
    notes: list[SentenceName] = ["call_first", "data_age"] if sites else ["none_found"]
    sources = sorted({site.attribution for site in sites})
    return CareAnswer(
        near=place.label or None,
        language=language,
        sites=sites,
        notes=[_told(name, language) for name in notes],
        attribution=[*sources, places.attribution] if place.label else sources,
    )


def _shown(found: Found, language: Language) -> CareSite:
    site = found.site
    asking: list[SentenceName] = ["call_first", "ask_dermatology", _ABOUT_COST[site.affordable]]
    if site.eligibility:
        asking.append("only_for")
    address = ", ".join(part for part in (site.address, site.city, site.region, site.postal_code) if part)
    return CareSite(
        phone=site.phone or None,
        name=site.name,
        kind=site.kind,
        address=address or None,
        country=site.country,
        url=site.url or None,
        latitude=site.latitude,
        longitude=site.longitude,
        distance_km=round(found.distance_km, _KM_DIGITS),
        affordable=site.affordable,
        affordable_basis=site.affordable_basis,
        only_for=site.eligibility or None,
        ask=[_told(name, language) for name in asking],
        source=site.source,
        licence=site.licence,
        source_date=site.source_date,
        attribution=f"{site.source}, {site.source_date}, {site.licence}",
    )


_ABOUT_COST: dict[Affordable, SentenceName] = {
    "yes": "ask_cost_yes",
    "unknown": "ask_cost_unknown",
    "no": "ask_cost_no",
}


def _told(name: SentenceName, language: Language) -> Sentence:
    return Sentence(name=name, text=sentence(name, language))
