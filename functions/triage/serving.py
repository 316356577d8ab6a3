"""What gives the scorer that answers: the model in the image, or the one that the registry's pointer names."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from functions.triage.scorer import Scorer, load_scorer

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.triage.settings import TriageSettings

# Lambda gives a cold start ten seconds; what is not there by then is loaded beside the first requests.
_PATIENCE_S = 6.0


def serving_scorer(settings: TriageSettings, *, threads: int) -> Callable[[], Scorer]:
    """Return what gives the scorer at each request; without a registry, nothing of it is imported."""

    @lru_cache
    def shipped() -> Scorer:
        return load_scorer(settings.model_dir, threads=threads)

    if not settings.registry_root:
        return shipped
    from functions.common.signing import KeyUnusable, public_key_of
    from functions.common.storage import open_storage
    from functions.triage.follow import Follower, report

    try:
        storage, public_key = open_storage(settings.registry_root), public_key_of(settings.registry_public_key)
    except (KeyUnusable, ValueError) as error:  # a wrong setting keeps nobody from an answer
        report("ModelRefused", error)
        return shipped
    follower = Follower(
        storage=storage,
        public_key=public_key,
        shipped=settings.model_dir,
        cache=settings.cache_dir,
        refresh_s=settings.refresh_s,
        threads=threads,
    )
    follower.start(_PATIENCE_S)
    return follower.scorer
