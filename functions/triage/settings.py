"""The room's settings, read once, at the door."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from functions.triage.scorer import SHIPPED_MODEL

# AWS Lambda gives one vCPU for each 1,769 MB (Lambda developer guide, "Configure Lambda function memory").
_MEMORY_MB_OF_ONE_CPU = 1769


class TriageSettings(BaseSettings):
    """Settings of the triage room."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_", frozen=True)

    model_dir: Path = Field(SHIPPED_MODEL, description="Folder of the model package.")
    threads: int = Field(
        0, ge=0, description="Processors that one inference may use; 0: as many as the function's memory brings."
    )
    memory_mb: int = Field(
        _MEMORY_MB_OF_ONE_CPU,
        validation_alias="AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        description="Set by Lambda: the function's memory, in MB.",
    )
    registry_root: str = Field(
        "", description="The registry whose pointer the model follows: a folder or `s3://bucket/prefix`; empty: none."
    )
    registry_public_key: str = Field("", description="Of the key that signs versions: PEM, or the path of its file.")
    refresh_s: float = Field(30.0, ge=0, description="For so many seconds a new version may go unseen.")
    cache_dir: Path = Field(
        Path("/tmp/models"),  # noqa: S108 - the one folder that Lambda lets a function write
        description="Folder for fetched versions.",
    )
    uploads_bucket: str = Field("", description="The private bucket of the upload door; empty: there is none.")
    uploads_address: str = Field(
        "", description="Where the bucket takes forms, `https://...`; empty: as boto3 says, and not for the page."
    )
    retries_table: str = Field(
        "", description="The DynamoDB table that keeps answers for minutes, for requests sent again; empty: none."
    )
    function_version: str = Field(
        "", validation_alias="AWS_LAMBDA_FUNCTION_VERSION", description="Set by Lambda: the program's version."
    )
    sketches_root: str = Field(
        "",
        description="Where hourly sketches of what came in are put: a folder or `s3://bucket/prefix`; empty: nowhere.",
    )
    tracing: bool = Field(
        default=False, description="Whether X-Ray traces are sent; costs some hundredths of a second of a cold start."
    )

    @property
    def inference_threads(self) -> int:
        """How many processors one inference uses."""
        return self.threads or max(1, self.memory_mb // _MEMORY_MB_OF_ONE_CPU)
