"""Signatures by a local key and by KMS, and keys that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from functions.common.signing import (
    KeyUnusable,
    KmsSigner,
    LocalSigner,
    is_signed,
    new_local_key,
    public_key_of,
    signer_of,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_message_is_signed_and_no_other(tmp_path: Path) -> None:
    public = new_local_key(tmp_path / "key.pem")
    signer = signer_of(str(tmp_path / "key.pem"))
    signature = signer.sign(b"message")
    assert is_signed(b"message", signature, public)
    assert not is_signed(b"massage", signature, public)
    assert not is_signed(b"message", signature[:-1], public)
    assert not is_signed(b"message", b"", public)
    assert not is_signed(b"message", signature, new_local_key(tmp_path / "other.pem"))
    assert (tmp_path / "key.pem").stat().st_mode & 0o077 == 0


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    new_local_key(tmp_path / "key.pem")
    with pytest.raises(FileExistsError):
        new_local_key(tmp_path / "key.pem")


def test_kms_signs_what_its_public_key_verifies() -> None:
    with mock_aws():
        key = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        signer = signer_of(f"kms:{key}")
        assert isinstance(signer, KmsSigner)
        message = b"m" * 4096
        public = signer.public_key()
        assert is_signed(message, signer.sign(message), public)
        assert not is_signed(b"other", signer.sign(message), public)
        with pytest.raises(KeyUnusable, match="at most 4,096 bytes"):
            signer.sign(message + b"m")
        with pytest.raises(KeyUnusable, match="KMS does not sign"):
            KmsSigner("alias/none").sign(b"message")
        with pytest.raises(KeyUnusable, match="KMS does not give the public key of alias/none"):
            KmsSigner("alias/none").public_key()


def test_a_public_key_is_text_or_a_file(tmp_path: Path) -> None:
    public = new_local_key(tmp_path / "key.pem")
    (tmp_path / "public.pem").write_bytes(public)
    assert public_key_of(public.decode()) == public
    assert public_key_of(str(tmp_path / "public.pem")) == public


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n"])
def test_keys_that_are_none_are_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(KeyUnusable):
        public_key_of(str(tmp_path / "key"))
    with pytest.raises(KeyUnusable):
        LocalSigner(tmp_path / "key").sign(b"message")
    with pytest.raises(KeyUnusable, match="No such file"):
        public_key_of(str(tmp_path / "none"))
    with pytest.raises(KeyUnusable, match="no public key is named"):
        public_key_of("")
