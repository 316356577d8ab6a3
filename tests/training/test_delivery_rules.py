"""Each rule refuses what it is for, by line, and nothing else; hostile rows cannot break the judging."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.triage.pixels import square_pixels
from tests.training.delivered import encoded, picture
from tests.training.delivered import row as drawn
from training.delivery_reading import COLUMNS
from training.delivery_report import judged
from training.delivery_rules import NO_TEST_SET, RULES, Known, Row, path_trouble, shown
from training.likeness import SIDE, likeness


def row(number: int, line: int | None = None, **changes: str) -> Row:
    values = {**dict.fromkeys(COLUMNS, ""), **drawn(number, **changes)}
    seen = hashlib.sha256(f"{number}".encode()).hexdigest()
    return Row(number + 2 if line is None else line, values, sha256=seen, extension="png")


def broken(rows: list[Row], known: Known | None = None) -> list[tuple[int, str]]:
    complaints, _ = judged(rows, known or Known())
    return [(said.line, said.rule) for said in complaints]


def test_good_rows_break_no_rule() -> None:
    assert broken([row(number) for number in range(6)]) == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"image_name": ""}, "name is usable"),
        ({"image_name": "../up"}, "name is usable"),
        ({"image_name": "a b"}, "name is usable"),
        ({"diagnosis": "wart"}, "diagnosis is known"),
        ({"diagnosis": ""}, "diagnosis is known"),
        ({"target": "0"}, "target agrees"),
        ({"target": "yes"}, "target agrees"),
        ({"benign_malignant": "benign"}, "target agrees"),
        ({"age_approx": "-3"}, "values are possible"),
        ({"age_approx": "٣"}, "values are possible"),
        ({"age_approx": "121"}, "values are possible"),
        ({"sex": "x"}, "values are possible"),
        ({"fold": "9"}, "values are possible"),
        ({"fold": "1.0"}, "values are possible"),
        ({"patient_id": "unknown"}, "values are possible"),
        ({"origin": "a\x1b[2Jb"}, "values are possible"),
        ({"licence": "x" * 201}, "values are possible"),
    ],
)
def test_a_broken_value_is_refused_by_its_rule(changes: dict[str, str], rule: str) -> None:
    assert broken([row(1), row(0, **changes)]) == [(2, rule)]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"misfit": "the line has 3 fields, the header 4"}, "line fits"),
        ({"path_trouble": "leads out of the delivery"}, "photo lies within"),
        ({"absent": True}, "photo is there"),
        ({"trouble": "The photo is cut short. Send the whole file."}, "photo is readable"),
    ],
)
def test_what_was_seen_of_a_photo_is_told(changes: dict[str, object], rule: str) -> None:
    assert broken([row(1), replace(row(0), **changes)]) == [(2, rule)]


def test_all_complaints_come_at_once() -> None:
    rows = [row(0, image_name="a b", diagnosis="wart", target="7", sex="x"), row(1, age_approx="old")]
    rules = {"name is usable", "diagnosis is known", "target agrees", "values are possible"}
    assert {rule for line, rule in broken(rows) if line == 2} == rules
    assert [rule for line, rule in broken(rows) if line == 3] == ["values are possible"]


def test_the_second_of_two_names_or_contents_is_refused() -> None:
    assert broken([row(0), replace(row(1), values={**row(1).values, "image_name": "photo_000"})]) == [
        (3, "name comes once")
    ]
    assert broken([row(0), replace(row(1), sha256=row(0).sha256)]) == [(3, "content comes once")]


def test_of_one_photo_with_two_diagnoses_neither_is_believed() -> None:
    other = replace(row(1, diagnosis="nv", target="0"), sha256=row(0).sha256)
    assert broken([row(0), other]) == [(2, "content comes once"), (3, "content comes once")]


def test_what_another_delivery_brought_is_refused_by_name_and_by_content() -> None:
    known = Known(names={"photo_000": "first"}, contents={row(1).sha256: "first"})
    assert broken([row(0), row(1), row(2)], known) == [(2, "is new"), (3, "is new")]


def test_what_was_withdrawn_is_refused_by_name_and_by_content() -> None:
    known = Known(withdrawn_names=frozenset({"photo_000"}), withdrawn_contents=frozenset({row(1).sha256}))
    assert broken([row(0), row(1), row(2)], known) == [(2, "is not withdrawn"), (3, "is not withdrawn")]


@pytest.mark.parametrize("tie", ["lesion_id", "patient_id", "group_id"])
def test_a_photo_of_a_test_lesion_or_patient_is_refused(tie: str) -> None:
    frozen = {**row(9).values, "likeness": "", "lesion_id": "other", tie: "same"}
    known = Known(test_set=[frozen])
    assert broken([row(0, **{tie: "same"}), row(2)], known) == [(2, "is of no test lesion")]


def test_a_twin_of_a_test_photo_is_refused_and_named() -> None:
    def hashed(image: bytes) -> str:
        return likeness(square_pixels(image, SIDE))

    frozen = {**row(9).values, "likeness": hashed(encoded(picture(9)))}
    twin = replace(row(0), likeness=hashed(encoded(picture(9).rotate(90), "JPEG", quality=70)))
    other = replace(row(2), likeness=hashed(encoded(picture(2))))
    complaints, skipped = judged([twin, other], Known(test_set=[frozen]))
    assert [(said.line, said.rule) for said in complaints] == [(2, "is no twin of a test photo")]
    assert "'photo_009'" in complaints[0].says
    assert skipped == {}


def test_nothing_joins_the_frozen_test_set() -> None:
    assert broken([row(0, fold="8")], Known(test_set=[])) == [(2, "test set is closed")]
    assert broken([row(0, fold="8")]) == []


def test_without_a_test_set_its_rules_are_skipped_with_the_reason() -> None:
    _, skipped = judged([row(0)], Known())
    assert skipped == {rule.name: NO_TEST_SET for rule in RULES if rule.needs_test_set}
    assert len(skipped) == 3


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/passwd", "../x.png", "a/../../x.png", "~/x.png", "C:/x.png", "a\\..\\x.png", "a\x00.png"),
        *("x" * 501, "s3://b/k", "a/" + "é" * 200 + ".png"),
    ],
)
def test_a_path_that_leads_elsewhere_is_not_followed(path: str) -> None:
    assert path_trouble(path)


def test_plain_paths_are_followed() -> None:
    assert not path_trouble("images/a/b-1.png")
    assert not path_trouble("photo with space.jpg")


hostile = st.text(max_size=30) | st.sampled_from(["", "nan", "1e9", "٣", "=1+1", "\u202e", "0x1", "-0", "mel", "../.."])


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, hostile)), max_size=6))
def test_hostile_rows_are_judged_without_a_fault_and_told_in_plain_characters(values: list[dict[str, str]]) -> None:
    rows = [Row(line, value) for line, value in enumerate(values, start=2)]
    complaints, _ = judged(rows, Known(test_set=[]))
    assert all(said.says.isprintable() and said.says.isascii() for said in complaints)
    lines = {said.line for said in complaints}
    for good in (row for row in rows if row.line not in lines):
        assert good.name.isascii()
        assert "/" not in good.name


@given(st.text(max_size=200))
def test_what_is_shown_cannot_act_on_a_terminal(text: str) -> None:
    assert shown(text).isprintable()
    assert shown(text).isascii()
