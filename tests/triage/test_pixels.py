"""What comes out of every kind of photo: the scene that was drawn, upright, in sRGB, and nothing else."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from functions.triage.pixels import square_pixels
from tests.triage import photos
from tests.triage.photos import (
    SRGB_PRIMARIES,
    STORED_AS,
    SWAPPED_PRIMARIES,
    alpha,
    exif_block,
    heic,
    icc_profile,
    jpeg,
    picture,
    png,
    readable_photo,
    scene,
    stored_as,
    webp,
    with_chunk,
    with_segment,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SIZE = 96

# Lossless formats: any other hash is another preprocessing, and every model would have to be trained again.
EXACT = {
    "png": "b31883eec5a8ed34f1f78a91ac8b2b348e1cfe85a9ee62419df6035b0a599924",
    "rgba png": "46003919a6d119afd322ee4d90fa4b8fc6638cf6c965680ca852a1aed744be40",
    "la png": "dc3ce4a6b95803078f3ba78beef069678eacf74f3669ae44767bdb1b1d1a531e",
    "palette png": "67840ec6a87ca1d8ef4cffd1e349025d684c0da0ed7b4db380372fa699e1acd7",
    "transparent palette png": "553b41a759ae8ffaa782748bf0f335e447e4dc29a4be4f80d955787dfa91f6f4",
    "colour key png": "16fd9db597e648c957f4af7edd897390c9c68dce7608ac17126d7acbe953eef4",
    "one bit png": "f05ad5588eb052d3a562a07ccab1e09a321b459e71ea536b11411de3a1d52690",
    "16-bit grey png": "11eace9ae0372be2932da95cc20621078b90a3ec98a2f044858a173c873a8f7c",
    "16-bit png": "b31883eec5a8ed34f1f78a91ac8b2b348e1cfe85a9ee62419df6035b0a599924",
    "png with profile": "a7856680cf19b493b77fea471e9a58120d21434600c16455983fe0cc69be1f90",
    "turned png": "3b848fa2818b224412bd953ceea3d283371cfd61a21e0f8145f5856f9daa10a8",
    "lossless webp": "b31883eec5a8ed34f1f78a91ac8b2b348e1cfe85a9ee62419df6035b0a599924",
}
# Lossy formats: another build of a decoder may round differently; the tests of nearness below must then still pass.
OF_THE_PINNED_DECODERS = {
    "jpeg": "4e06a073d1b2ea85ad21fff8ed9b8558a7f7528fa10139c953b8d41c1762dd7c",
    "grey jpeg": "b4e9524583639be0401bb0ac03c39e5c34fc6a82a6d4bca57bc8bf6f26e2d504",
    "cmyk jpeg": "eec1015a78a1dce0a74df03335cbabc64d5c62052a9088b2406bfce5249af1e6",
    "progressive jpeg": "4e06a073d1b2ea85ad21fff8ed9b8558a7f7528fa10139c953b8d41c1762dd7c",
    "jpeg with profile": "a3b89407e7912177d20c92d1c0c9c0985b6bbf44667a691fc4748109f3b4c1ac",
    "located jpeg": "406df8c0e1dec33f76f9f8d19191ce8e2ea246e2289a34ed118ef7141f6cc3ad",
    "large jpeg": "199da3a8db4a0057195f50c8a02e42b24c7f13f6b5b6697fa4e5fafd303eeaba",
    "multi-picture jpeg": "491fff704bfcd1e6f894b6062a26a128dd4dd119232f13588c3a5e07d704036e",
    "motion photo": "4e06a073d1b2ea85ad21fff8ed9b8558a7f7528fa10139c953b8d41c1762dd7c",
    "webp": "2df5c45ffc1597447d055c98f6b4201921802a148e1c71a2a8c6bf4d5d460759",
    "rgba webp": "c7fdbcec234fc14c72fe5582068bc8c6499222862a37a78201b50ab1e6cf2f51",
    "webp with profile and exif": "d3dc9cc298a5dd0877ec20039f314c83fee05b09432c4f9ede7cbb773e08046b",
    "heic": "513b6624a9fda111a7a9dc7474ba0691cc925dcb66ac0fcd3b47022348941ce8",
    "turned heic": "3c94e311b7d17c35ee2250852f83399ebcaf1f6436493c2577b54a5265f7a532",
    "rgba heic": "cba9c7da00540ed9d92a4bec10fc4cc400f1cab104f34e6abf13ec1000cb8ea1",
    "ten-bit heic": "9c9401ca561748d4504e18d88216bcca42105238669c64aeb3ab6315162cc79f",
    "heic with multiplied alpha": "d8913535c73984baa3df061490d2519f8aa96e7405fd41585154e7817223763d",
    "heic with profile": "86bdcef4c9b21e980cd8f8b2db3b534fe39dc0e630c00d367d9c2fa781e99078",
}


def near(found: NDArray[np.uint8], expected: NDArray[np.uint8], *, mean: float = 1.0, worst: int = 5) -> bool:
    """Whether two pictures are the same but for rounding and the noise of a lossy format, in grey levels."""
    assert found.shape == expected.shape
    difference = np.abs(found.astype(int) - expected.astype(int))
    return bool(difference.mean() <= mean and difference.max() <= worst)


def hash_of(photo: bytes) -> str:
    return hashlib.sha256(square_pixels(photo, SIZE).tobytes()).hexdigest()


def centre_square(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the mean colour under each pixel of the centre square: an independent, plainer resize."""
    height, width, _ = colours.shape
    left = (width - height) / 2
    fine = 10  # parts of a pixel
    rows = ((np.arange(SIZE * fine) + 0.5) * height / (SIZE * fine)).astype(int)
    columns = (left + (np.arange(SIZE * fine) + 0.5) * height / (SIZE * fine)).astype(int)
    parts = colours[np.ix_(rows, columns)].astype(float).reshape(SIZE, fine, SIZE, fine, 3)
    means: NDArray[np.uint8] = parts.mean(axis=(1, 3)).round().astype(np.uint8)
    return means


def grey(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the luma of ITU-R 601 in all three channels."""
    luma = (colours @ np.array([0.299, 0.587, 0.114])).round().astype(np.uint8)
    return np.repeat(luma[..., np.newaxis], 3, axis=-1)


def on_white(colours: NDArray[np.uint8], opacity: NDArray[np.uint8]) -> NDArray[np.uint8]:
    share = opacity[..., np.newaxis] / 255
    return (colours * share + 255 * (1 - share)).round().astype(np.uint8)


@pytest.fixture(scope="module")
def upright() -> NDArray[np.uint8]:
    return square_pixels(png(), SIZE)


@pytest.mark.parametrize("name", EXACT)
def test_a_lossless_photo_gives_the_very_pixels_that_models_were_trained_on(name: str) -> None:
    assert hash_of(readable_photo(name)) == EXACT[name]


@pytest.mark.parametrize("name", OF_THE_PINNED_DECODERS)
def test_a_lossy_photo_gives_the_pixels_of_the_pinned_decoders(name: str) -> None:
    assert hash_of(readable_photo(name)) == OF_THE_PINNED_DECODERS[name]


def test_every_kind_of_photo_that_is_read_has_a_golden_hash() -> None:
    assert EXACT.keys() | OF_THE_PINNED_DECODERS.keys() == photos.readable_photos().keys()


def test_the_centre_square_is_what_was_drawn_there(upright: NDArray[np.uint8]) -> None:
    assert upright.shape == (SIZE, SIZE, 3)
    assert upright.dtype == np.uint8
    assert near(upright, centre_square(scene()), mean=0.5, worst=2)


@pytest.mark.parametrize(
    "name",
    [
        "16-bit png",
        "jpeg",
        "progressive jpeg",
        "cmyk jpeg",
        "multi-picture jpeg",
        "motion photo",
        "webp",
        "lossless webp",
        "heic",
        "ten-bit heic",
    ],
)
def test_the_format_does_not_change_the_picture(name: str, upright: NDArray[np.uint8]) -> None:
    assert near(square_pixels(readable_photo(name), SIZE), upright)


@pytest.mark.parametrize("name", ["grey jpeg", "16-bit grey png", "la png", "colour key png", "one bit png"])
def test_a_photo_without_colour_gives_three_equal_channels(name: str) -> None:
    square = square_pixels(readable_photo(name), SIZE)
    assert near(square[..., :1], square[..., 1:2], worst=0)
    assert near(square[..., :1], square[..., 2:], worst=0)


def test_a_grey_photo_is_the_luma_of_the_scene(upright: NDArray[np.uint8]) -> None:
    assert near(square_pixels(readable_photo("grey jpeg"), SIZE), grey(upright))


def test_sixteen_bits_of_grey_keep_their_upper_eight() -> None:
    green = np.repeat(scene()[..., 1:2], 3, axis=-1)
    assert near(square_pixels(readable_photo("16-bit grey png"), SIZE), centre_square(green), worst=2)


def test_one_bit_of_grey_is_averaged_into_shades(upright: NDArray[np.uint8]) -> None:
    shades = square_pixels(readable_photo("one bit png"), SIZE).astype(float)
    blocks = shades.reshape(12, 8, 12, 8, 3).mean(axis=(1, 3))
    expected = grey(upright).astype(float).reshape(12, 8, 12, 8, 3).mean(axis=(1, 3))
    assert np.abs(blocks - expected).max() < 12  # dithering is exact only on average


def test_palette_colours_are_averaged_as_colours(upright: NDArray[np.uint8]) -> None:
    assert near(square_pixels(readable_photo("palette png"), SIZE), upright, mean=8, worst=45)  # 64 colours


@pytest.mark.parametrize("name", ["rgba png", "rgba webp", "rgba heic", "heic with multiplied alpha"])
def test_transparent_parts_lie_on_white(name: str) -> None:
    expected = centre_square(on_white(scene(), alpha()))
    assert near(square_pixels(readable_photo(name), SIZE), expected, mean=1.5)


def test_transparent_parts_of_a_grey_photo_lie_on_white() -> None:
    expected = centre_square(on_white(grey(scene()), alpha()))
    assert near(square_pixels(readable_photo("la png"), SIZE), expected)


def test_a_palette_with_opacities_lies_on_white() -> None:
    palette = picture().quantize(64)
    indices = np.asarray(palette)
    expected = on_white(np.asarray(palette.convert("RGB")), (255 - 2 * indices).astype(np.uint8))
    assert near(square_pixels(readable_photo("transparent palette png"), SIZE), centre_square(expected), worst=8)


def test_the_one_transparent_grey_of_a_photo_is_white() -> None:
    luma = np.asarray(picture("L"))
    opacity = np.where(luma == 90, 0, 255).astype(np.uint8)
    expected = centre_square(on_white(np.repeat(luma[..., np.newaxis], 3, axis=-1), opacity))
    assert near(square_pixels(readable_photo("colour key png"), SIZE), expected, worst=40)  # hard edges


def test_the_hidden_colour_under_full_transparency_does_not_shine_through() -> None:
    image = picture("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    assert (square_pixels(png(image), SIZE) == 255).all()


@pytest.mark.parametrize("orientation", STORED_AS)
@pytest.mark.parametrize("write", [png, jpeg, heic], ids=["png", "jpeg", "heic"])
def test_a_photo_taken_with_the_camera_turned_comes_out_upright(
    write: Callable[..., bytes], orientation: int, upright: NDArray[np.uint8]
) -> None:
    photo = write(stored_as(orientation), exif=exif_block(orientation))
    assert near(square_pixels(photo, SIZE), upright, worst=2)


@pytest.mark.parametrize("orientation", STORED_AS)
def test_a_large_turned_jpeg_comes_out_upright(orientation: int, upright: NDArray[np.uint8]) -> None:
    large = Image.fromarray(scene(1601, 1200))
    photo = jpeg(stored_as(orientation, large), exif=exif_block(orientation), quality=90)
    assert near(square_pixels(photo, SIZE), upright, worst=3)


def test_a_turned_webp_comes_out_upright(upright: NDArray[np.uint8]) -> None:
    photo = webp(stored_as(8), exif=exif_block(8), lossless=True)
    assert near(square_pixels(photo, SIZE), upright, worst=2)


def test_a_portrait_gives_its_centre_square() -> None:
    portrait = picture().resize((300, 900))
    expected = square_pixels(png(portrait.crop((0, 300, 300, 600))), SIZE)
    assert near(square_pixels(png(portrait), SIZE), expected, worst=10)  # the crop lacks the neighbours of its edge


def test_orientation_of_a_heic_is_what_its_own_properties_say_and_not_its_exif(upright: NDArray[np.uint8]) -> None:
    photo = heic(exif=exif_block(1))
    tag = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00"
    lying = photo.replace(tag + b"\x01", tag + b"\x06")
    assert lying != photo
    assert near(square_pixels(lying, SIZE), upright)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation: int, upright: NDArray[np.uint8]) -> None:
    assert near(square_pixels(png(exif=exif_block(orientation)), SIZE), upright, worst=0)


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_read_in_both_byte_orders(order: str, upright: NDArray[np.uint8]) -> None:
    exif = Image.Exif()
    exif.endian = order
    exif[0x010F], exif[0x0112] = "Maker of cameras", 3
    assert exif.tobytes()[6:8] == {"<": b"II", ">": b"MM"}[order]
    assert near(square_pixels(jpeg(stored_as(3), exif=exif.tobytes()), SIZE), upright, worst=2)


EXIF_BLOCKS_THAT_ARE_BROKEN = {
    "directory longer than the block": photos.broken_exif_block(),
    "empty": b"Exif\x00\x00",
    "cut in the header": b"Exif\x00\x00II*",
    "neither byte order": b"Exif\x00\x00XX*\x00\x08\x00\x00\x00\x01\x00",
    "directory behind the end": b"Exif\x00\x00II*\x00\xff\xff\xff\xff",
    "noise": b"Exif\x00\x00" + bytes(range(256)),
}


@pytest.mark.parametrize("exif", EXIF_BLOCKS_THAT_ARE_BROKEN.values(), ids=EXIF_BLOCKS_THAT_ARE_BROKEN.keys())
@pytest.mark.parametrize("write", [png, jpeg, webp], ids=["png", "jpeg", "webp"])
def test_broken_exif_costs_nothing(write: Callable[..., bytes], exif: bytes) -> None:
    assert near(square_pixels(write(exif=exif), SIZE), square_pixels(write(), SIZE), worst=0)


@pytest.mark.parametrize("write", [png, jpeg, webp, heic], ids=["png", "jpeg", "webp", "heic"])
def test_colours_are_converted_by_the_embedded_profile(write: Callable[..., bytes], upright: NDArray[np.uint8]) -> None:
    same = square_pixels(write(icc_profile=icc_profile(SRGB_PRIMARIES)), SIZE)
    swapped = square_pixels(write(icc_profile=icc_profile(SWAPPED_PRIMARIES)), SIZE)
    assert near(same, upright, mean=2.5, worst=9)  # a power of 2.2 is not quite sRGB's curve
    assert near(swapped, upright[..., ::-1], mean=2.5, worst=9)


def test_display_p3_of_a_phone_becomes_more_saturated_srgb(upright: NDArray[np.uint8]) -> None:
    square = square_pixels(readable_photo("jpeg with profile"), SIZE)
    spread = np.ptp(square.astype(int), axis=-1).mean() - np.ptp(upright.astype(int), axis=-1).mean()
    assert spread > 5
    assert near(square, square_pixels(readable_photo("png with profile"), SIZE), worst=4)
    assert near(square, square_pixels(readable_photo("heic with profile"), SIZE), worst=4)
    assert near(square, square_pixels(readable_photo("webp with profile and exif"), SIZE), mean=2, worst=12)


def test_a_profile_in_several_segments_is_put_together(upright: NDArray[np.uint8]) -> None:
    profile = icc_profile(SWAPPED_PRIMARIES)
    photo = jpeg()
    for number, part in ((2, profile[200:]), (1, profile[:200])):
        photo = with_segment(photo, 0xE2, b"ICC_PROFILE\x00" + bytes([number, 2]) + part)
    # With the last part first in the file only the numbers tell the order.
    photo = with_segment(jpeg(), 0xE2, b"ICC_PROFILE\x00\x01\x02" + profile[:200])
    photo = with_segment(photo, 0xE2, b"ICC_PROFILE\x00\x02\x02" + profile[200:])
    assert near(square_pixels(photo, SIZE), upright[..., ::-1], mean=2.5, worst=9)


PROFILES_THAT_ARE_BROKEN = {
    "noise": bytes(range(256)) * 4,
    "cut": icc_profile(SWAPPED_PRIMARIES)[:200],
    "header only": icc_profile(SWAPPED_PRIMARIES)[:128],
    "four bytes": b"\x00\x00\x00\x04",
    "of another colour space": icc_profile(SWAPPED_PRIMARIES).replace(b"mntrRGB ", b"mntrCMYK"),
}


@pytest.mark.parametrize("profile", PROFILES_THAT_ARE_BROKEN.values(), ids=PROFILES_THAT_ARE_BROKEN.keys())
@pytest.mark.parametrize("write", [png, jpeg, webp, heic], ids=["png", "jpeg", "webp", "heic"])
def test_a_broken_profile_costs_nothing(write: Callable[..., bytes], profile: bytes) -> None:
    assert near(square_pixels(write(icc_profile=profile), SIZE), square_pixels(write(), SIZE), worst=0)


def test_a_profile_for_other_channels_than_the_photo_has_is_left_alone() -> None:
    profile = icc_profile(SWAPPED_PRIMARIES)
    for mode in ("L", "CMYK"):
        with_profile, without = jpeg(picture(mode), icc_profile=profile), jpeg(picture(mode))
        assert near(square_pixels(with_profile, SIZE), square_pixels(without, SIZE), worst=0)


PNG_METADATA_THAT_IS_BROKEN = {
    "profile without a name": (b"iCCP", b""),
    "profile in an unknown compression": (b"iCCP", b"name\x00\x09abc"),
    "text in an unknown compression": (b"zTXt", b"key\x00\x07abc"),
    "text that is no text": (b"iTXt", b"\xff" * 40),
    "gamma cut short": (b"gAMA", b"\x00"),
    "chromaticities cut short": (b"cHRM", b"\x00"),
    "resolution cut short": (b"pHYs", b""),
    "animation of no pictures": (b"acTL", bytes(8)),
    "animation of one picture": (b"acTL", b"\x00\x00\x00\x01" + bytes(4)),
    "frame without an animation": (b"fcTL", bytes(26)),
    "exif of nothing": (b"eXIf", b""),
}


@pytest.mark.parametrize("chunk", PNG_METADATA_THAT_IS_BROKEN.values(), ids=PNG_METADATA_THAT_IS_BROKEN.keys())
def test_broken_metadata_of_a_png_costs_nothing(chunk: tuple[bytes, bytes], upright: NDArray[np.uint8]) -> None:
    assert near(square_pixels(with_chunk(png(), *chunk), SIZE), upright, worst=0)


JPEG_METADATA_THAT_IS_BROKEN = {
    "index of pictures that is noise": (0xE2, b"MPF\x00II*\x00\x08\x00\x00\x00\x03\x00" + bytes(range(60))),
    "index of pictures cut short": (0xE2, b"MPF\x00MM"),
    "profile without a number": (0xE2, b"ICC_PROFILE\x00"),
    "Photoshop block cut short": (0xED, b"Photoshop 3.0\x008BIM\x03"),
    "XMP that turns": (0xE1, b'http://ns.adobe.com/xap/1.0/\x00<x tiff:Orientation="6"/>'),
    "empty comment": (0xFE, b""),
}


@pytest.mark.parametrize("segment", JPEG_METADATA_THAT_IS_BROKEN.values(), ids=JPEG_METADATA_THAT_IS_BROKEN.keys())
def test_broken_metadata_of_a_jpeg_costs_nothing(segment: tuple[int, bytes]) -> None:
    photo = jpeg()
    assert near(square_pixels(with_segment(photo, *segment), SIZE), square_pixels(photo, SIZE), worst=0)


@pytest.mark.parametrize("write", [png, jpeg, webp, heic], ids=["png", "jpeg", "webp", "heic"])
def test_a_place_an_owner_and_a_camera_do_not_change_a_pixel(write: Callable[..., bytes]) -> None:
    plain, located = write(exif=exif_block(1)), write(exif=exif_block(1, located=True))
    assert b"McOwnerface" in located
    assert near(square_pixels(located, SIZE), square_pixels(plain, SIZE), worst=0)
    assert near(square_pixels(located, SIZE), square_pixels(write(), SIZE), worst=0)


@pytest.mark.parametrize("name", ["located jpeg", "turned png", "webp with profile and exif", "turned heic"])
def test_pixels_are_all_that_leaves(name: str) -> None:
    square = square_pixels(readable_photo(name), SIZE)
    assert type(square) is np.ndarray
    assert square.base is None  # no buffer of the decoder, which could carry more, stays alive behind it
    assert square.flags.owndata
    assert square.flags.c_contiguous
    assert square.flags.writeable
    assert square.nbytes == SIZE * SIZE * 3
    assert not hasattr(square, "info")
    assert not hasattr(square, "__dict__")


APPENDED = {
    "a gain map": jpeg(picture().resize((200, 150))),
    "padding and a preview": bytes(512) + jpeg(picture().resize((200, 150))),
    "a preview and a video": jpeg(picture().resize((200, 150))) + photos.video(),
    "a video": photos.video(),
    "padding": bytes(4096),
    "Samsung's block": b"\x00\x00\x30\x0aImage_UTC_Data1700000000000SEFHk\x00\x00\x00SEFT",
}


@pytest.mark.parametrize("appended", APPENDED.values(), ids=APPENDED.keys())
def test_what_phones_append_to_a_jpeg_changes_nothing(appended: bytes) -> None:
    assert near(square_pixels(jpeg() + appended, SIZE), square_pixels(jpeg(), SIZE), worst=0)


@pytest.mark.parametrize("name", ["png", "large jpeg", "jpeg with profile", "webp", "heic"])
def test_threads_do_not_disturb_each_other(name: str) -> None:
    photo = readable_photo(name)
    alone = square_pixels(photo, SIZE)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: square_pixels(photo, SIZE), range(12)))
    assert all(np.array_equal(alone, square) for square in together)


@pytest.mark.parametrize("size", [1, 64, 299, 600])
def test_the_square_has_the_size_asked_for(size: int) -> None:
    assert square_pixels(jpeg(), size).shape == (size, size, 3)
