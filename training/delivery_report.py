"""What was found in a delivery: a report that machines read back, and the same as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from training.delivery_rules import NO_TEST_SET, RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.delivery_rules import Known, Row


class Complaint(BaseModel):
    """One rule that one row breaks; line 1 of the file is its header."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: int
    image_name: str
    rule: str
    says: str


class DeliveryReport(BaseModel):
    """What a delivery's check found. `rows` are refused or accepted; complaints may be several a row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    delivery: str
    manifest_sha256: str
    checked: str  # RFC 3339, UTC
    rows: int
    accepted: int
    most_broken: float
    taken_in: bool
    # What makes the whole manifest unusable; empty as a rule.
    manifest_trouble: str = ""
    complaints: tuple[Complaint, ...] = ()
    skipped: dict[str, str] = {}  # rule: why it was not judged
    columns_left_out: tuple[str, ...] = ()

    @property
    def refused(self) -> int:
        """How many rows are not taken in."""
        return self.rows - self.accepted

    @property
    def is_usable(self) -> bool:
        """Whether so few rows are broken that the others may be taken in."""
        return not self.manifest_trouble and self.rows > 0 and self.refused <= self.most_broken * self.rows

    def rows_by_rule(self) -> dict[str, int]:
        """Return how many rows break each rule, every rule named."""
        return {rule.name: sum(said.rule == rule.name for said in self.complaints) for rule in RULES}

    def verdict(self) -> str:
        """Return the outcome in one sentence."""
        if self.manifest_trouble:
            return f"Refused: {self.manifest_trouble}."
        if not self.rows:
            return "Refused: the manifest has no row."
        share = f"{self.refused:,} of {self.rows:,} rows are broken ({self.refused / self.rows:.1%})"
        if self.is_usable:
            return f"Usable: {share}; the other {self.accepted:,} are good."
        return f"Refused: {share}, and at most {self.most_broken:.0%} may be. Mend them and deliver again."

    def text(self) -> str:
        """Return the report for people: the verdict, a table of the rules, and each complaint by its line."""
        lines = [f"Delivery {self.delivery}, checked {self.checked}", self.verdict(), ""]
        width = max(len(rule.name) for rule in RULES)
        for name, broken in self.rows_by_rule().items():
            outcome = f"skipped, because {self.skipped[name]}" if name in self.skipped else f"{broken:,} row(s)"
            lines.append(f"  {name:<{width}}  {outcome}")
        if self.columns_left_out:
            lines.append(f"\nColumns that are not known and are left out: {', '.join(self.columns_left_out)}")
        lines += [""] * bool(self.complaints)
        lines += [f"line {said.line}: {said.rule}: {said.says}" for said in self.complaints]
        return "\n".join(lines) + "\n"


def judged(rows: Sequence[Row], known: Known) -> tuple[tuple[Complaint, ...], dict[str, str]]:
    """Judge the rows by every rule.

    Returns:
        All complaints, by line, and of each rule that was skipped the reason.

    """
    complaints: list[Complaint] = []
    skipped: dict[str, str] = {}
    for rule in RULES:
        if rule.needs_test_set and known.test_set is None:
            skipped[rule.name] = NO_TEST_SET
            continue
        for at, says in rule.judge(rows, known).items():
            name = rows[at].name[:128].encode("ascii", "replace").decode()
            complaints.append(Complaint(line=rows[at].line, image_name=name, rule=rule.name, says=says))
    return tuple(sorted(complaints, key=lambda said: said.line)), skipped
