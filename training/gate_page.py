"""A verdict as a page that a medical lead reads, prints and signs: one HTML file, nothing loaded from elsewhere."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

if TYPE_CHECKING:
    from training.verdict import Curve, Figure, Ranged, Verdict

_TEMPLATES = Path(__file__).parent / "templates"
# Of the drawing, in its own units.
_SIDE, _LEFT, _TOP = 300, 46, 10
_HASH_SHOWN = 12


def verdict_page(verdict: Verdict) -> str:
    """Return the page as HTML text."""
    refused = [one for one in verdict.findings if one.outcome == "refused"]
    skipped = [one for one in verdict.findings if one.outcome == "skipped"]
    return (
        _environment()
        .get_template("verdict.html")
        .render(verdict=verdict, refused=refused, skipped=skipped, roc=_roc(verdict))
    )


def _roc(verdict: Verdict) -> Markup:
    """Return both ROC curves as SVG; empty where there are none."""
    if not verdict.curves:
        return Markup("")
    grid = "".join(
        f'<path class="grid" d="M{_x(k / 4):.1f} {_y(0):.1f}V{_y(1):.1f}M{_x(0):.1f} {_y(k / 4):.1f}H{_x(1):.1f}"/>'
        f'<text x="{_x(k / 4):.1f}" y="{_y(0) + 16:.1f}" text-anchor="middle">{k / 4:g}</text>'
        f'<text x="{_x(0) - 6:.1f}" y="{_y(k / 4) + 4:.1f}" text-anchor="end">{k / 4:g}</text>'
        for k in range(5)
    )
    lines = "".join(
        f'<path class="{name}" d="{_path(verdict.curves[name])}"/>'
        for name in ("champion", "candidate")
        if name in verdict.curves
    )
    width, height = _LEFT + _SIDE + 12, _TOP + _SIDE + 40
    return Markup(  # noqa: S704 - numbers and the two names above, nothing told
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-labelledby="roc-title">'
        '<title id="roc-title">ROC curves of champion and candidate, malignant or benign</title>'
        f"{grid}{lines}"
        f'<text x="{_x(0.5):.0f}" y="{height - 4}" text-anchor="middle">1 - specificity</text>'
        f'<text transform="translate(11 {_y(0.5):.0f}) rotate(-90)" text-anchor="middle">sensitivity</text></svg>'
    )


def _path(curve: Curve) -> str:
    return "M" + "L".join(f"{_x(x):.1f} {_y(y):.1f}" for x, y in curve.points)


def _x(share: float) -> float:
    return _LEFT + _SIDE * share


def _y(share: float) -> float:
    return _TOP + _SIDE * (1 - share)


def _ranged(one: Ranged, figure: Figure, *, sign: bool = False) -> str:
    """Return a figure with its interval, in its unit."""
    form = f"{'+' if sign else ''}.{1 if figure.unit else 3}f"
    value = f"{one.value:{form}} {figure.unit}".strip()
    return value if one.low is None or one.high is None else f"{value} ({one.low:{form}} to {one.high:{form}})"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals["ranged"] = _ranged
    environment.filters["short"] = lambda text: text[:_HASH_SHOWN] or "not stated"
    return environment
