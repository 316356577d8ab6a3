"""Every figure of speed and memory, in one run: `make bench`."""

from __future__ import annotations

from rich.console import Console

from tests.bench import following, forecasting, network, pixels, serving


def main() -> None:
    """Measure and print, one table after another."""
    console = Console(width=110)
    console.print(f"{serving.machine()}\nOn a busy machine every figure is too high; minima and ratios say more.\n")
    for measure in (
        serving.cold_starts,
        serving.cold_start_parts,
        serving.warm_handler,
        serving.memory,
        serving.load,
        following.under_load,
        following.real_network,
        following.cold_starts,
        lambda: pixels.table(pixels.measure()),
        network.runtimes,
        network.learning,
        forecasting.speed,
    ):
        console.print(measure())


if __name__ == "__main__":
    main()
