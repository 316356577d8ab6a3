"""Every state that the phone page can be in, each reached as a visitor would reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from functions.triage.advice import Reason, RiskBand, advice, block_of, block_without_score
from functions.triage.explain import explain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page, Route

    Photos = dict[str, Path]

PREDICTIONS = "**/v1/predictions?*"
SCORES = {RiskBand.LOW: 0.4, RiskBand.WATCH: 17.3, RiskBand.URGENT: 46.8}


def choose(page: Page, photo: Path) -> None:
    page.locator("#gallery").set_input_files(photo)


def answering(band: RiskBand, score: float | None = None) -> Callable[[Route], None]:
    """Return a route that answers as the service did, with another score and the band's own advice."""

    def fulfil(route: Route) -> None:
        response = route.fetch()
        answer = response.json()
        answer.update(
            score=SCORES[band] if score is None else score,
            risk_band=band.value,
            advice=advice(block_of(band)).model_dump(mode="json"),
        )
        route.fulfill(response=response, json=answer)

    return fulfil


def unsure(reason: Reason) -> Callable[[Route], None]:
    """Return a route that answers as the service does to a photo that cannot be judged."""

    def fulfil(route: Route) -> None:
        response = route.fetch()
        answer = response.json()
        answer.update(dict.fromkeys(("score", "probability", "label", "diagnoses", "explanation")))
        answer.update(
            risk_band="unsure", reasons=[reason], advice=advice(block_without_score(reason)).model_dump(mode="json")
        )
        route.fulfill(response=response, json=answer)

    return fulfil


def explaining(*, is_clinical: bool) -> Callable[[Route], None]:
    """Return a route that answers `watch` with a map whose reasons are at the top left and the bottom right."""

    def fulfil(route: Route) -> None:
        response = route.fetch()
        answer = response.json()
        activation = np.zeros((5, 5, 2), dtype=np.float32)
        activation[0, 0, 0], activation[4, 4, 1] = 1, 1
        answer.update(
            score=17.3,
            risk_band="watch",
            advice=advice(block_of(RiskBand.WATCH), is_clinical=is_clinical).model_dump(mode="json"),
            explanation=explain(activation, np.array([0.4, 0.6]), [0], 1.0, 224).model_dump(mode="json"),
        )
        route.fulfill(response=response, json=answer)

    return fulfil


def settled(page: Page) -> None:
    """Wait until the page shows an answer or says why there is none."""
    page.locator("#result:visible, #problem:visible").wait_for()


def _asking(page: Page, _photos: Photos) -> None:
    page.locator("#ask").wait_for()


def _working(page: Page, photos: Photos) -> None:
    page.route(PREDICTIONS, lambda _route: None)  # never answered
    with page.expect_request(PREDICTIONS):
        choose(page, photos["spot"])
    page.locator("#working").wait_for()


def _band(band: RiskBand) -> Callable[[Page, Photos], None]:
    def reach(page: Page, photos: Photos) -> None:
        page.route(PREDICTIONS, answering(band))
        choose(page, photos["spot"])
        page.locator("#result").wait_for()
        page.locator(".gauge.zoned").wait_for()

    return reach


def _unsure(page: Page, photos: Photos) -> None:
    page.route(PREDICTIONS, unsure(Reason.BLURRED))
    choose(page, photos["spot"])
    page.locator("#result").wait_for()


def _clinical(page: Page, photos: Photos) -> None:
    page.route(PREDICTIONS, explaining(is_clinical=True))
    choose(page, photos["spot"])
    page.locator("#looked-at").check()
    page.locator(".gauge.zoned").wait_for()


def _refused(name: str) -> Callable[[Page, Photos], None]:
    def reach(page: Page, photos: Photos) -> None:
        choose(page, photos[name])
        page.locator("#problem").wait_for()

    return reach


def _unreachable(page: Page, photos: Photos) -> None:
    page.route(PREDICTIONS, lambda route: route.abort())
    choose(page, photos["spot"])
    page.locator("#problem").wait_for()


def _offline(page: Page, photos: Photos) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.context.set_offline(offline=True)
    choose(page, photos["spot"])
    page.locator("#problem").wait_for()
    page.context.set_offline(offline=False)


def _failing(page: Page, photos: Photos) -> None:
    page.route(PREDICTIONS, lambda route: route.fulfill(status=502, json={"message": "Internal server error"}))
    choose(page, photos["spot"])
    page.locator("#problem").wait_for()


STATES: dict[str, Callable[[Page, Photos], None]] = {
    "asking": _asking,
    "working": _working,
    **{band.value: _band(band) for band in RiskBand},
    "unsure": _unsure,
    "clinical and explained": _clinical,
    **{name: _refused(name) for name in ("too small", "not a photo", "large and closed")},
    "unreachable": _unreachable,
    "offline": _offline,
    "server error": _failing,
}
