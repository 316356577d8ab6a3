"""The room's settings, read once, at the door."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class BatchesSettings(BaseSettings):
    """Settings of the batches room."""

    model_config = SettingsConfigDict(env_prefix="BATCHES_", frozen=True)

    root: str = Field("batches", description="Where runs are kept: a folder, or `s3://bucket/prefix`.")
    size: int = Field(25, ge=1, le=500, description="Photos that one call of the function judges.")
    max_concurrency: int = Field(40, ge=1, le=10_000, description="Functions that judge batches at the same time.")
    tolerated_failure_percentage: float = Field(
        5.0, ge=0, le=100, description="Share of batches that may fail at each attempt before a run ends early."
    )
