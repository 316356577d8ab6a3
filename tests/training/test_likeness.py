"""Copies are recognised in every position; other pictures and plain shades are not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from functions.triage.pixels import square_pixels
from tests.training.delivered import encoded, picture
from training.likeness import COPY_BITS, SIDE, likeness, twins

POSITIONS = [None, *Image.Transpose]


def seen(photo: bytes) -> str:
    return likeness(square_pixels(photo, SIDE))


@pytest.mark.parametrize("position", POSITIONS)
def test_a_copy_is_recognised_in_every_position(position: Image.Transpose | None) -> None:
    image = picture(1)
    turned = image if position is None else image.transpose(position)
    (twin,) = twins([seen(encoded(turned, "JPEG", quality=60))], [seen(encoded(picture(2))), seen(encoded(image))])
    assert (twin.one, twin.other) == (0, 1)
    assert twin.bits <= COPY_BITS


@given(st.integers(0, 10_000), st.sampled_from(POSITIONS), st.integers(30, 95), st.integers(100, 400))
def test_an_encoded_resized_and_lit_copy_is_recognised(
    number: int, position: Image.Transpose | None, quality: int, side: int
) -> None:
    image = picture(number)
    changed = image if position is None else image.transpose(position)
    changed = ImageEnhance.Brightness(changed.resize((side, side))).enhance(0.9)
    (twin,) = twins([seen(encoded(image))], [seen(encoded(changed, "JPEG", quality=quality))])
    assert twin.bits <= COPY_BITS


def test_other_pictures_are_not_alike() -> None:
    hashes = [seen(encoded(picture(number))) for number in range(60)]
    assert len(set(hashes)) == 60
    assert [(twin.one, twin.other) for twin in twins(hashes, hashes)] == [(number, number) for number in range(60)]


def test_a_plain_shade_is_like_nothing() -> None:
    shade = likeness(np.full((SIDE, SIDE, 3), 90, np.uint8))
    assert shade == ""
    assert twins([shade, seen(encoded(picture(1)))], [shade]) == []
    assert twins([], [seen(encoded(picture(1)))]) == []


def test_a_hash_is_64_digits() -> None:
    with Image.open(io.BytesIO(encoded(picture(3)))) as image:
        assert image.size == (120, 120)
    assert len(bytes.fromhex(seen(encoded(picture(3))))) == 32
