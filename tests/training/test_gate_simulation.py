"""Simulated candidates are as good, and as like the champion, as they are said to be."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.scored import champion, equal
from training import gate_simulation, paired_bootstrap
from training.errors import ScoresInvalid
from training.verdict import Rules


@pytest.mark.parametrize(("correlation", "fall"), [(0.97, 0.0), (0.9, 0.05)])
def test_the_simulated_networks_have_the_wanted_auroc_and_correlation(correlation: float, fall: float) -> None:
    table = champion()
    networks = gate_simulation._networks(table, correlation, fall)
    many = np.tile(np.arange(len(table)), 8)
    one, other = networks.answers(many, np.random.default_rng(5))
    truth = table.is_malignant
    told = paired_bootstrap.auroc(truth, table.p_malignant)
    assert paired_bootstrap.auroc(truth[many], one) == pytest.approx(told, abs=0.006)
    assert paired_bootstrap.auroc(truth[many], other) == pytest.approx(told - fall, abs=0.006)
    within = [np.corrcoef(one[truth[many] == kind], other[truth[many] == kind])[0, 1] for kind in (True, False)]
    assert np.mean(within) == pytest.approx(correlation, abs=0.01)


def test_the_correlation_of_two_tables_is_that_of_their_orders() -> None:
    assert gate_simulation.correlation_of(champion(), champion()) == pytest.approx(1)
    shuffled = equal().rows(np.random.default_rng(0).permutation(len(equal())))
    found = gate_simulation.correlation_of(champion(), equal())
    assert 0.8 < found < 0.99
    assert gate_simulation.correlation_of(champion(), shuffled) == pytest.approx(found)
    with pytest.raises(ScoresInvalid, match="same photos"):
        gate_simulation.correlation_of(champion(), equal(100))


def test_worse_candidates_are_refused_more_often_than_equals() -> None:
    rates = [
        gate_simulation.error_rates(champion(), correlation=0.97, fall=fall, rules=Rules(), candidates=5)
        for fall in (0.0, 0.06)
    ]
    assert rates[0].refused < rates[1].refused
    assert rates[1].refused_by["auroc"] >= 4
    assert rates[0].share == rates[0].refused / 5


def test_a_larger_test_set_knows_the_difference_better() -> None:
    found = [
        gate_simulation.error_rates(
            champion(200), correlation=0.95, fall=0.0, rules=Rules(), candidates=2, size=size
        ).standard_error
        for size in (0.5, 2.0)
    ]
    assert found[1] < 0.75 * found[0]
