"""The commands `gate` and `gate-error-rates`, as a person calls them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from functions.triage.card import Cutoffs
from tests.training.photos import draw_set
from tests.training.scored import champion, equal
from tests.triage import packages
from training import card as cards
from training.__main__ import cli, main
from training.manifest import read_manifest
from training.score_table import read_scores, write_scores
from training.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from functions.triage.card import Card


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return draw_set(tmp_path / "set", lesions=126, folds=3)


def package(folder: Path, data: Path, *, weights: int = 7, **changes: object) -> Path:
    """Write a package that names the drawn set as its snapshot; it tells the drawn colours apart a little."""
    usual = packages.card()
    told = cards.snapshot_sha256(read_manifest(data / "manifest.csv"))
    of_set = usual.data.model_copy(update={"snapshot_sha256": told, **changes})
    card: Card = usual.model_copy(
        update={"data": of_set, "cutoffs": Cutoffs(low_below=0.01, urgent_from=0.5, guarantee="drawn")}
    )
    (folder.parent / "drawn.onnx").write_bytes(_network(weights))
    cards.write_package(folder, folder.parent / "drawn.onnx", card, {"history": []})
    return folder


def _network(seed: int) -> bytes:
    values = np.random.default_rng(seed).normal(0, 0.02, (3, 7)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["photos"], ["colour"], axes=[1, 2], keepdims=0),
            helper.make_node("MatMul", ["colour", "weights"], ["logits"]),
        ],
        "drawn",
        [helper.make_tensor_value_info("photos", TensorProto.FLOAT, ["n", packages.SIZE, packages.SIZE, 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 7])],
        [numpy_helper.from_array(values, "weights")],
    )
    opset = [helper.make_opsetid("", 17)]
    model: bytes = helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    return model


def test_a_candidate_is_judged_and_the_verdict_is_stored_whatever_it_is(tmp_path: Path, data: Path) -> None:
    one, other = package(tmp_path / "champion", data), package(tmp_path / "candidate", data)
    told = CliRunner().invoke(
        cli, ["gate", "--champion", str(one), "--candidate", str(other), "--data", str(data), "--json"]
    )
    found = tmp_path / "gate"
    verdict = Verdict.model_validate_json((found / "verdict.json").read_text(encoding="utf-8"))
    assert json.loads(told.stdout) == json.loads(verdict.model_dump_json())
    assert verdict.sentence.split(":")[0] in (found / "verdict.html").read_text(encoding="utf-8")
    assert told.exit_code == (0 if verdict.accepted else 1)
    assert verdict.sentence in told.stderr
    assert verdict.test_set is not None
    assert verdict.test_set.photos == len(read_scores(found / "candidate_scores.csv")) == 84
    by_rule = {finding.rule: finding.outcome for finding in verdict.findings}
    assert by_rule["same test set"] == by_rule["no leak"] == by_rule["golden photos"] == by_rule["auroc"] == "passed"


def test_a_candidate_that_learned_test_lesions_is_refused_by_name(tmp_path: Path, data: Path) -> None:
    one = package(tmp_path / "champion", data)
    leaky = package(tmp_path / "candidate", data, folds={"train": [0, 2], "choose": [1], "test": [2]})
    scores = tmp_path / "first"
    arguments = ["gate", "--champion", str(one), "--candidate", str(leaky), "--data", str(data)]
    told = CliRunner().invoke(cli, [*arguments, "--out", str(scores)])
    assert told.exit_code == 1
    assert "no leak" in told.stderr
    verdict = Verdict.model_validate_json((scores / "verdict.json").read_text(encoding="utf-8"))
    assert len(verdict.facts.candidate.leaks) == 84
    assert verdict.facts.champion.leaks == ()
    again = tmp_path / "again"
    given = ["--champion-scores", "champion_scores.csv", "--candidate-scores", "candidate_scores.csv"]
    given = [str(scores / one) if one.endswith(".csv") else one for one in given]
    assert CliRunner().invoke(cli, [*arguments, "--out", str(again), *given]).exit_code == 1
    for name in ("champion_scores.csv", "candidate_scores.csv"):
        assert (again / name).read_bytes() == (scores / name).read_bytes()


def test_a_snapshot_that_is_not_the_cards_leaves_the_leak_open(tmp_path: Path, data: Path) -> None:
    one, other = package(tmp_path / "champion", data), package(tmp_path / "candidate", data)
    another = draw_set(tmp_path / "another", lesions=63, folds=3)
    arguments = ["--champion", str(one), "--candidate", str(other), "--data", str(data), "--learned-from", str(another)]
    told = CliRunner().invoke(cli, ["gate", *arguments])
    assert told.exit_code == 1
    assert "no leak" in told.stderr


def test_what_cannot_be_judged_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    arguments = ["--candidate", str(tmp_path / "none"), "--champion", str(tmp_path / "none"), "--data", str(data)]
    monkeypatch.setattr("sys.argv", ["training", "gate", *arguments])
    with pytest.raises(SystemExit, match="1"):
        main()
    assert "cannot be judged" in capsys.readouterr().err


def test_the_error_rates_are_told_and_are_the_same_again(tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    write_scores(one, champion(200))
    write_scores(other, equal(200))
    arguments = ["--candidates", "2", "--worse-by", "0.15", "--correlations", "0.99"]
    arguments = ["gate-error-rates", "--scores", str(one), "--other-scores", str(other), *arguments]
    told, again = (CliRunner().invoke(cli, arguments) for _ in range(2))
    assert told.exit_code == 0
    assert told.stdout == again.stdout
    assert told.stdout.count("equal") == 2
    assert "100.0 %" in told.stdout
    assert "correlate by 0.9" in told.stderr


@pytest.mark.parametrize("text", ["", "1", "0,0.5", "x"])
def test_correlations_that_are_none_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    write_scores(tmp_path / "one.csv", champion(40))
    arguments = ["gate-error-rates", "--scores", str(tmp_path / "one.csv"), "--correlations", text]
    monkeypatch.setattr("sys.argv", ["training", *arguments])
    with pytest.raises(SystemExit, match="1"):
        main()
    assert "between 0 and 1" in capsys.readouterr().err
