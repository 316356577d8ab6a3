"""A version is written once, whole, signed, and never fetched otherwise."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from functions.common.signing import LocalSigner, new_local_key
from functions.registry.errors import VersionExists, VersionUnknown, VersionUnusable
from functions.registry.versions import fetch, manifest, publish, versions
from functions.triage.scorer import load_scorer
from functions.triage.trial import checked_scorer, trial
from tests.registry import packages

if TYPE_CHECKING:
    from pathlib import Path

    from functions.common.storage import Storage

Keys = tuple[LocalSigner, bytes]


def test_what_is_published_is_what_is_fetched(registry: Storage, keys: Keys, tmp_path: Path) -> None:
    assert versions(registry) == ["v1", "v2", "v3"]
    folder = fetch(registry, "v2", tmp_path / "cache", keys[1])
    assert load_scorer(folder).card.version == "v2"
    assert manifest(registry, "v2")[0].snapshot_sha256 == "2" * 64
    assert fetch(registry, "v2", tmp_path / "cache", keys[1]) == folder


def test_the_same_package_again_changes_nothing_and_another_is_refused(
    registry: Storage, keys: Keys, drawn_packages: dict[str, Path], tmp_path: Path
) -> None:
    assert publish(registry, drawn_packages["v1"], keys[0]) == "v1"
    other = packages.write(tmp_path / "other", 4)
    told = json.loads((other / "manifest.json").read_text("utf-8"))
    (other / "manifest.json").write_text(json.dumps({**told, "version": "v1"}), "utf-8")
    with pytest.raises(VersionExists, match="written once"):
        publish(registry, other, keys[0])


def test_a_package_that_is_not_its_manifests_is_not_published(storage: Storage, keys: Keys, tmp_path: Path) -> None:
    package = packages.write(tmp_path / "package", 1)
    (package / "card.json").write_text("{}", "utf-8")
    with pytest.raises(VersionUnusable, match=r"card\.json .* is not the file in its manifest"):
        publish(storage, package, keys[0])
    assert versions(storage) == []


def overwrite(storage: Storage, path: str, data: bytes) -> None:
    before = storage.read(path)
    assert before is not None
    assert storage.replace(path, data, before.etag)


@pytest.mark.parametrize("name", ["model.onnx", "card.json", "golden.json"])
@pytest.mark.parametrize("how", ["changed", "truncated", "missing"])
def test_no_damaged_version_is_fetched(registry: Storage, keys: Keys, tmp_path: Path, name: str, how: str) -> None:
    path = f"versions/v2/{name}"
    content = registry.read(path)
    assert content is not None
    if how == "missing":
        registry.delete(path)
    else:
        overwrite(registry, path, content.data[:-1] + (b"x" if how == "changed" else b""))
    with pytest.raises(VersionUnusable, match=name):
        fetch(registry, "v2", tmp_path / "cache", keys[1])
    assert list((tmp_path / "cache").iterdir()) == []


def test_no_unsigned_or_wrongly_signed_version_is_fetched(registry: Storage, keys: Keys, tmp_path: Path) -> None:
    stranger = new_local_key(tmp_path / "stranger.pem")
    with pytest.raises(VersionUnusable, match="not signed by the key"):
        fetch(registry, "v1", tmp_path / "cache", stranger)
    signature = registry.read("versions/v1/signature.json")
    assert signature is not None
    overwrite(registry, "versions/v2/signature.json", signature.data)
    with pytest.raises(VersionUnusable, match="not signed by the key"):
        fetch(registry, "v2", tmp_path / "cache", keys[1])
    overwrite(registry, "versions/v2/signature.json", b"{}")
    with pytest.raises(VersionUnusable, match="is not a signature"):
        fetch(registry, "v2", tmp_path / "cache", keys[1])
    registry.delete("versions/v3/signature.json")
    with pytest.raises(VersionUnusable, match=r"signature\.json of v3 is not there"):
        fetch(registry, "v3", tmp_path / "cache", keys[1])
    assert versions(registry) == ["v1", "v2"]


def test_a_signed_version_under_anothers_name_is_not_fetched(registry: Storage, keys: Keys, tmp_path: Path) -> None:
    for path in list(registry.list("versions/v1/")):
        content = registry.read(path)
        assert content is not None
        registry.create(path.replace("/v1/", "/v7/"), content.data)
    with pytest.raises(VersionUnusable, match=r"manifest\.json of v7 is that of v1"):
        fetch(registry, "v7", tmp_path / "cache", keys[1])
    with pytest.raises(VersionUnusable, match="is that of v1"):
        manifest(registry, "v7")


@pytest.mark.parametrize("name", ["", "v9", "../v1", "v1/..", ".hidden"])
def test_a_name_that_is_none_is_not_looked_for(registry: Storage, keys: Keys, tmp_path: Path, name: str) -> None:
    with pytest.raises(VersionUnknown):
        fetch(registry, name, tmp_path, keys[1])


def test_a_version_must_answer_the_drawn_photos_as_it_did(
    registry: Storage, keys: Keys, drawn_packages: dict[str, Path], tmp_path: Path
) -> None:
    trial(registry, keys[1], tmp_path / "cache")("v1")
    forged = shutil.copytree(drawn_packages["v1"], tmp_path / "forged")
    shutil.copyfile(drawn_packages["v2"] / "golden.json", forged / "golden.json")
    with pytest.raises(VersionUnusable, match="does not answer the drawn photos as it did"):
        checked_scorer(forged)
    trial(registry, keys[1], tmp_path / "cache")("shipped")
