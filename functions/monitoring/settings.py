"""The room's settings, read once, at the door."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class MonitoringSettings(BaseSettings):
    """Settings of the monitoring room."""

    model_config = SettingsConfigDict(env_prefix="MONITORING_", frozen=True)

    root: str = Field(
        "monitoring", description="Where sketches and comparisons lie: a folder, or `s3://bucket/prefix`."
    )
    registry_root: str = Field("", description="The registry, for the reference of a promoted version; empty: none.")
    least_photos: int = Field(200, ge=50, description="Days with fewer photos are not compared.")
    state_machine_arn: str = Field("", description="The retraining's, started on drift; empty: an alarm alone.")
