"""The programs that the benchmark starts as text: what they import of ours is there."""

from __future__ import annotations

import ast
import importlib

import pytest

from tests.bench import network


@pytest.mark.parametrize("name", ["_KERAS", "_TO_LITERT", "_LEARNING", "_OURS"])
def test_what_a_timed_program_imports_of_ours_is_there(name: str) -> None:
    tree = ast.parse(getattr(network, name).replace("{fit}", "").replace("{file!r}", "''"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    own = [node for node in imports if str(node.module).startswith("training.")]
    assert own
    for node in own:
        module = importlib.import_module(str(node.module))
        assert all(hasattr(module, one.name) for one in node.names), node.module
