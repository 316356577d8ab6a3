"""How a long piece of work tells a person where it stands, without knowing whether anybody looks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

# Takes one line of progress at a time.
Say = Callable[[str], None]
# Opens a progress bar of a title and a total, and gives what sets it.
Bar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
