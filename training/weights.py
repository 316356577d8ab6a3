"""Starting weights: Keras's own, a file, or an object in S3."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlparse

from training.errors import WeightsInvalid


def local_weights(source: str, folder: Path) -> str | Path:
    """Return what `networks.inception_v3` takes, having fetched an S3 object into `folder` first.

    Args:
        source: `imagenet`, a path, or `s3://bucket/key`.
        folder: where a fetched file stays.

    Raises:
        WeightsInvalid: when the source does not exist or cannot be fetched.

    """
    if source == "imagenet":
        return source
    address = urlparse(source)
    if address.scheme != "s3":
        if not Path(source).is_file():
            raise WeightsInvalid(f"{source}: no such file; give 'imagenet', a file or s3://bucket/key")
        return Path(source)
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    key = address.path.lstrip("/")
    target = folder / Path(key).name
    partial = target.with_name(f"{target.name}.partial")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        boto3.client("s3").download_file(address.netloc, key, str(partial))
    except (BotoCoreError, ClientError) as error:
        raise WeightsInvalid(f"{source}: cannot be fetched: {error}") from error
    return partial.rename(target)
