"""Versions: model packages below `versions/<version>/`, written once, signed, and checked whenever one is fetched."""

from __future__ import annotations

import base64
import hashlib
import shutil
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from functions.common.signing import ALGORITHM, is_signed
from functions.registry.errors import VersionExists, VersionUnknown, VersionUnusable
from functions.registry.pointer import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

    from functions.common.signing import Signer
    from functions.common.storage import Storage

MANIFEST, SIGNATURE = "manifest.json", "signature.json"
_VERSIONS = "versions/"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


class Manifest(BaseModel):
    """What a version consists of; `training` writes it last."""

    version: str
    snapshot_sha256: str = ""
    sha256: dict[str, str]


class Signature(BaseModel):
    """Whose hand a manifest carries."""

    model_config = ConfigDict(extra="forbid")

    key: str
    algorithm: str
    signature: str


def publish(storage: Storage, package: Path, signer: Signer) -> str:
    """Write a package as a version, its manifest and signature last, and return the version's name.

    A publication that was cut short is gone on with; published again, the same package changes nothing.

    Raises:
        VersionUnusable: when the package's files are not those of its manifest.
        VersionExists: when the version is there with other files.
        KeyUnusable: when the key does not sign.
        OSError: when something cannot be read or written just now.

    """
    try:
        data = (package / MANIFEST).read_bytes()
    except OSError as error:
        raise VersionUnusable(f"{package} holds no {MANIFEST}: {error.strerror}") from error
    manifest = _parsed(data, str(package))
    if manifest.version == SHIPPED:
        raise VersionUnusable(f"{SHIPPED!r} names the model in the image, and no version")
    for name, digest in manifest.sha256.items():
        content = _local(package, name)
        if hashlib.sha256(content).hexdigest() != digest:
            raise VersionUnusable(f"{name} of {package} is not the file in its manifest")
        _create(storage, f"{_VERSIONS}{manifest.version}/{name}", content)
    _create(storage, f"{_VERSIONS}{manifest.version}/{MANIFEST}", data)
    signed = Signature(key=signer.key, algorithm=ALGORITHM, signature=base64.b64encode(signer.sign(data)).decode())
    # ECDSA signs differently each time; the first signature stays.
    storage.create(f"{_VERSIONS}{manifest.version}/{SIGNATURE}", signed.model_dump_json().encode(), "application/json")
    return manifest.version


def versions(storage: Storage) -> list[str]:
    """Return the names of all finished versions, in order."""
    paths = storage.list(_VERSIONS)
    return [path.split("/")[1] for path in paths if path.endswith(f"/{SIGNATURE}")]


def manifest(storage: Storage, version: str) -> tuple[Manifest, str]:
    """Return a version's manifest and the SHA-256 of its file; its signature is not looked at.

    Raises:
        VersionUnknown: when there is none of that name.
        VersionUnusable: when it is not a manifest, or another version's.

    """
    data = _manifest(storage, version)
    return _parsed_of(data, version), hashlib.sha256(data).hexdigest()


def fetch(storage: Storage, version: str, into: Path, public_key: bytes) -> Path:
    """Fetch a version into a folder of its own, whole and checked, or not at all; return that folder.

    Args:
        storage: the registry.
        version: its name.
        into: where its folder will lie; one that is there already was checked when it was fetched.
        public_key: PEM; of the key that must have signed.

    Raises:
        VersionUnknown: when there is none of that name.
        VersionUnusable: when a file is absent, changed or another version's, or the signature is not of that key.
        OSError: when something cannot be read or written just now.

    """
    data = _manifest(storage, version)
    folder = into / f"{version}-{hashlib.sha256(data).hexdigest()[:16]}"
    _check_signature(storage, version, data, public_key)
    found = _parsed_of(data, version)
    if folder.is_dir():
        return folder
    partial = into / f".partial-{folder.name}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for name, digest in found.sha256.items():
            content = _read(storage, version, name)
            if hashlib.sha256(content).hexdigest() != digest:
                raise VersionUnusable(f"{name} of {version} is not the file in its manifest")
            (partial / name).write_bytes(content)
        (partial / MANIFEST).write_bytes(data)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _check_signature(storage: Storage, version: str, data: bytes, public_key: bytes) -> None:
    try:
        signed = Signature.model_validate_json(_read(storage, version, SIGNATURE))
        signature = base64.b64decode(signed.signature, validate=True)
    except ValueError as error:
        raise VersionUnusable(f"{SIGNATURE} of {version} is not a signature") from error
    if signed.algorithm != ALGORITHM or not is_signed(data, signature, public_key):
        raise VersionUnusable(f"{version} is not signed by the key that is trusted here")


def _manifest(storage: Storage, version: str) -> bytes:
    if not version or not set(version) <= _PLAIN or version.startswith("."):
        raise VersionUnknown(f"{version!r} is not a version's name")
    try:
        content = storage.read(f"{_VERSIONS}{version}/{MANIFEST}")
    except FileNotFoundError as error:
        raise VersionUnknown(f"there is no version {version}") from error
    return content.data if content else b""


def _parsed(data: bytes, whose: str) -> Manifest:
    try:
        found = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise VersionUnusable(f"{MANIFEST} of {whose} is not a manifest") from error
    if not all(set(name) <= _PLAIN and not name.startswith(".") for name in (*found.sha256, found.version)):
        raise VersionUnusable(f"{MANIFEST} of {whose} names files or a version that cannot be ours")
    return found


def _parsed_of(data: bytes, version: str) -> Manifest:
    found = _parsed(data, version)
    # A signed version copied under another's name keeps its signature, and would answer in that one's place.
    if found.version != version:
        raise VersionUnusable(f"{MANIFEST} of {version} is that of {found.version}")
    return found


def _read(storage: Storage, version: str, name: str) -> bytes:
    try:
        content = storage.read(f"{_VERSIONS}{version}/{name}")
    except FileNotFoundError as error:
        raise VersionUnusable(f"{name} of {version} is not there") from error
    return content.data if content else b""


def _local(package: Path, name: str) -> bytes:
    try:
        return (package / name).read_bytes()
    except OSError as error:
        raise VersionUnusable(f"{name} of {package}: {error.strerror}") from error


def _create(storage: Storage, path: str, data: bytes) -> None:
    if storage.create(path, data):
        return
    there = storage.read(path)
    if there is None or there.data != data:
        raise VersionExists(f"{path} is there already with another content; a version is written once")
