"""The upload door: a photo goes straight into a private bucket, is judged once, and is deleted.

An id is 192 random bits, and the bucket holds an object of that name only where this service signed a form for it: who
knows an id was given it. The bucket must not keep versions of deleted objects, and should delete what is a day old.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from functions.common import problems
from functions.triage.pixels import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

FORM_LIFETIME = timedelta(minutes=5)
PHOTO_LIFETIME = timedelta(minutes=15)
_PREFIX = "uploads/"
_ID_BYTES = 24
_ID_PATTERN = r"^[A-Za-z0-9_-]{32}$"
_GONE = {"NoSuchKey", "404"}


class UploadReference(BaseModel):
    """The body that asks for an uploaded photo to be judged."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    upload_id: str = Field(pattern=_ID_PATTERN, description="As `POST /v1/uploads` gave it; good for one prediction.")


class Upload(BaseModel):
    """A form that takes one photo."""

    upload_id: str = Field(pattern=_ID_PATTERN, description="Names the photo in the prediction that follows.")
    url: str = Field(description="Where to send the form, by POST.")
    fields: dict[str, str] = Field(
        description="Every field of the form but two: add `Content-Type` (`image/*`), and last the photo as `file`."
    )
    max_bytes: int = Field(description="The largest photo that the form takes, in bytes.")
    expires: datetime = Field(description="From when on the form is refused.")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Uploads:
    """The bucket of the upload door; boto3 is imported at first use.

    Attributes:
        bucket: its name; empty where this deployment has no upload door.
        address: where it takes forms; empty where boto3 shall say.
        clock: returns the present time, with its zone.

    """

    bucket: str
    address: str = ""
    clock: Callable[[], datetime] = field(default=_now)

    @cached_property
    def _s3(self) -> Any:
        import boto3
        from botocore.config import Config

        # An answer must come before the gateway's 29 s: two tries of at most 4 s each, and then the network's turn.
        patience = Config(
            connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 2}, signature_version="s3v4"
        )
        return boto3.client("s3", config=patience)

    def open(self) -> Upload:
        """Return a signed form for one photo of 1 to `MAX_BYTES` bytes and of type `image/*`.

        Raises:
            UploadsUnavailable: when there is no bucket.

        """
        self._require_bucket()
        upload_id = secrets.token_urlsafe(_ID_BYTES)
        form = self._s3.generate_presigned_post(
            self.bucket,
            _PREFIX + upload_id,
            Conditions=[["content-length-range", 1, MAX_BYTES], ["starts-with", "$Content-Type", "image/"]],
            ExpiresIn=int(FORM_LIFETIME.total_seconds()),
        )
        return Upload(
            upload_id=upload_id,
            url=self.address or form["url"],
            fields=form["fields"],
            max_bytes=MAX_BYTES,
            expires=self.clock() + FORM_LIFETIME,
        )

    def take(self, upload_id: str) -> bytes:
        """Return an uploaded photo, and delete it: whatever becomes of it, its id is used up.

        Raises:
            UploadsUnavailable: when there is no bucket.
            UploadUnknown: when nothing is there: never given out, never sent, or judged before.
            UploadExpired: when the photo came longer than `PHOTO_LIFETIME` ago.
            PhotoTooManyBytes: when it is larger than the form allows.

        """
        self._require_bucket()
        if not re.fullmatch(_ID_PATTERN, upload_id):
            raise problems.UploadUnknown(problems.UploadUnknown.example)
        key = _PREFIX + upload_id
        from botocore.exceptions import ClientError

        try:
            found = self._s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                raise problems.UploadUnknown(problems.UploadUnknown.example) from error
            raise
        try:
            with found["Body"] as body:
                photo: bytes = body.read(MAX_BYTES + 1)
        finally:
            self._s3.delete_object(Bucket=self.bucket, Key=key)
        if self.clock() - found["LastModified"] > PHOTO_LIFETIME:
            raise problems.UploadExpired(problems.UploadExpired.example)
        if len(photo) > MAX_BYTES:
            raise problems.PhotoTooManyBytes(
                f"The upload is larger than {MAX_BYTES:,} bytes. Send a smaller copy of the photo."
            )
        return photo

    def _require_bucket(self) -> None:
        if not self.bucket:
            raise problems.UploadsUnavailable(problems.UploadsUnavailable.example)


__all__ = ["FORM_LIFETIME", "PHOTO_LIFETIME", "Upload", "UploadReference", "Uploads"]
