"""Which country a state abbreviation of a US federal list belongs to: territories have codes of their own."""

from __future__ import annotations

_OWN_CODE = frozenset({"PR", "GU", "VI", "AS", "MP", "PW", "FM", "MH"})


def country_of_state(state: str) -> str:
    """Return ISO 3166-1 alpha-2 of a state's or territory's country."""
    return state if state in _OWN_CODE else "US"
