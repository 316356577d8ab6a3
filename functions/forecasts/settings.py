"""The room's settings, read once, at the door."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from functions.common.storage import bucket_and_prefix

SHIPPED_PUBLICATION = Path(__file__).parent / "published"


class ForecastsSettings(BaseSettings):
    """Settings of the forecasts room."""

    model_config = SettingsConfigDict(env_prefix="FORECASTS_", frozen=True)

    root: str = Field(str(SHIPPED_PUBLICATION), description="Where publications lie: a folder, or s3://bucket/prefix.")
    refresh_s: float = Field(
        60.0, ge=0, description="For so many seconds a newer publication may go unseen; the pointer is then read again."
    )

    @field_validator("root")
    @classmethod
    def _is_a_root(cls, value: str) -> str:
        bucket_and_prefix(value)
        return value
