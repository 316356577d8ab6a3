"""The room's settings, read once, at the door."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RegistrySettings(BaseSettings):
    """Settings of the registry room."""

    model_config = SettingsConfigDict(env_prefix="REGISTRY_", frozen=True)

    root: str = Field("registry", description="Where versions lie: a folder, or `s3://bucket/prefix`.")
    public_key: str = Field("", description="Of the key that signs versions: PEM, or the path of its file.")
    signing_key: str = Field("", description="What signs versions: `kms:<ARN or alias>`, or the path of a key in PEM.")
