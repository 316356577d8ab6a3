"""The picture of a state machine, drawn from its file: states, ways between them, and the data that each writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What each state of the retraining leaves behind, below the training bucket and the registry.
DATA = {
    "Plan": "reports/, photos/, snapshots/",
    "Train": "runs/RUN/output, checkpoints",
    "Judge": "runs/RUN/verdict.html",
    "Register": "registry/versions/",
    "Promote": "registry/current.json, ledger/",
}


def mermaid(definition: Path) -> str:
    """Return the picture as Mermaid text (a flowchart), states in the file's order."""
    machine = json.loads(definition.read_text("utf-8"))
    lines = ["flowchart TD", f"  start([schedule]) --> {machine['StartAt']}"]
    for name, state in machine["States"].items():
        lines += _drawn(name, state)
    return "\n".join(lines) + "\n"


def _drawn(name: str, state: dict[str, Any]) -> Iterator[str]:
    shape = {"Choice": f"{{{name}}}", "Succeed": f"([{name}])", "Fail": f"([{name}])"}.get(state["Type"], f"[{name}]")
    yield f"  {name}{shape}"
    for choice in state.get("Choices", ()):
        yield f"  {name} -->|yes| {choice['Next']}"
    if "Default" in state:
        yield f"  {name} -->|no| {state['Default']}"
    if "Next" in state:
        yield f"  {name} --> {state['Next']}"
    for caught in state.get("Catch", ()):
        if caught["Next"] != state.get("Next"):
            yield f"  {name} -.->|fails| {caught['Next']}"
    if name in DATA:
        yield f'  {name} -.- {name}_data[("{DATA[name]}")]'
