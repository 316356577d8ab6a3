"""The room's settings, read once, at the door."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

SHIPPED = Path(__file__).parent / "directory"


class CareSettings(BaseSettings):
    """Settings of the care room."""

    model_config = SettingsConfigDict(env_prefix="CARE_", frozen=True)

    directory: Path = Field(
        SHIPPED, description="Folder with the sites.npz that `python -m functions care import` wrote."
    )
    places: Path = Field(
        SHIPPED, description="Folder with the places.npz that `python -m functions care places` wrote."
    )
