"""Signatures of files that are trusted later: ECDSA on P-256 over SHA-256, by a key of KMS or a local one.

Whoever verifies needs the public key alone, and no network. `cryptography` and boto3 are imported at first use.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

ALGORITHM = "ECDSA_SHA_256"
_KMS = "kms:"
_MOST_KMS_BYTES = 4096  # AWS KMS API reference, "Sign": Message; a manifest has some hundred


class KeyUnusable(Exception):
    """A key that is absent, or not one of P-256 in PEM."""


class Signer(Protocol):
    """Signs with one key."""

    @property
    def key(self) -> str:
        """What names the key."""

    def sign(self, message: bytes) -> bytes:
        """Return the DER signature of a message."""


@dataclass(frozen=True)
class LocalSigner:
    """A private key in a PEM file."""

    path: Path

    @property
    def key(self) -> str:
        """The file's name."""
        return self.path.name

    @cached_property
    def _private(self) -> EllipticCurvePrivateKey:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            found = load_pem_private_key(self.path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyUnusable(f"{self.path} holds no private key in PEM: {error}") from error
        if not isinstance(found, ec.EllipticCurvePrivateKey) or not isinstance(found.curve, ec.SECP256R1):
            raise KeyUnusable(f"{self.path} holds a key of another kind than ECDSA on P-256")
        return found

    def sign(self, message: bytes) -> bytes:
        """Return the DER signature of a message."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.hashes import SHA256

        return self._private.sign(message, ec.ECDSA(SHA256()))


@dataclass(frozen=True)
class KmsSigner:
    """A key of AWS KMS of the kind ECC_NIST_P256, named by its ARN or alias; it never leaves KMS."""

    key: str

    @cached_property
    def _kms(self) -> Any:
        import boto3

        return boto3.client("kms")

    def sign(self, message: bytes) -> bytes:
        """Return the DER signature of a message.

        Raises:
            KeyUnusable: when KMS does not sign with the key.

        """
        from botocore.exceptions import BotoCoreError, ClientError

        if len(message) > _MOST_KMS_BYTES:
            raise KeyUnusable(f"KMS signs at most {_MOST_KMS_BYTES:,} bytes; the message has {len(message):,}")
        try:
            signed = self._kms.sign(KeyId=self.key, Message=message, MessageType="RAW", SigningAlgorithm=ALGORITHM)
        except (BotoCoreError, ClientError) as error:
            raise KeyUnusable(f"KMS does not sign with {self.key}: {error}") from error
        signature: bytes = signed["Signature"]
        return signature

    def public_key(self) -> bytes:
        """Return the public key as PEM.

        Raises:
            KeyUnusable: when KMS does not give it.

        """
        from botocore.exceptions import BotoCoreError, ClientError
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            PublicFormat,
            load_der_public_key,
        )

        try:
            der = self._kms.get_public_key(KeyId=self.key)["PublicKey"]
        except (BotoCoreError, ClientError) as error:
            raise KeyUnusable(f"KMS does not give the public key of {self.key}: {error}") from error
        return load_der_public_key(der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signer_of(address: str) -> Signer:
    """Return what signs: `kms:<ARN or alias>`, or the path of a private key in PEM."""
    return KmsSigner(address.removeprefix(_KMS)) if address.startswith(_KMS) else LocalSigner(Path(address))


def new_local_key(path: Path) -> bytes:
    """Write a new private key that only its owner can read, and return its public key as PEM.

    Raises:
        FileExistsError: a key is never overwritten.

    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(pem)
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_key_of(text_or_path: str) -> bytes:
    """Return a public key as PEM, given as its text or as the path of its file.

    Raises:
        KeyUnusable: when it is neither, or a key of another kind.

    """
    if not text_or_path:
        raise KeyUnusable("no public key is named: give its PEM text or the path of its file")
    pem = text_or_path.encode() if "BEGIN PUBLIC KEY" in text_or_path else _read(Path(text_or_path))
    _loaded(pem)
    return pem


def is_signed(message: bytes, signature: bytes, public_key: bytes) -> bool:
    """Return whether the signature is of this message by the key.

    Args:
        message: what was signed.
        signature: DER.
        public_key: PEM.

    Raises:
        KeyUnusable: when the public key is none.

    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        _loaded(public_key).verify(signature, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _loaded(pem: bytes) -> EllipticCurvePublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        found = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"not a public key in PEM: {error}") from error
    if not isinstance(found, ec.EllipticCurvePublicKey) or not isinstance(found.curve, ec.SECP256R1):
        raise KeyUnusable("the public key is of another kind than ECDSA on P-256")
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror}") from error
