"""One method's search: proposals in order, each answered before the next is made."""

from __future__ import annotations

from collections.abc import Mapping

import optuna
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from harness.data import stream_seed
from harness.method import Method
from harness.method.space import Value
from harness.search.space import distributions

_SAMPLERS = {"tpe": TPESampler, "gp": GPSampler, "random": RandomSampler}


class Study:
    """Ask and tell, from a named stream: the same answers bring the same proposals.

    So nothing but the answers need be kept, and those are in the store. The first proposal is the
    method's defaults.
    """

    def __init__(self, method: Method, sampler: str, *, search: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        seed = stream_seed(search, "search", method.name) % 2**32
        self._space = distributions(method.space)
        self._study = optuna.create_study(
            direction="maximize", sampler=_sampler(sampler, seed), storage=None
        )
        self._study.enqueue_trial(method.defaults())
        self._asked: optuna.trial.Trial | None = None

    def ask(self) -> Mapping[str, Value]:
        """The next point to try."""
        self._asked = self._study.ask(self._space)
        return dict(self._asked.params)

    def tell(self, value: float | None) -> None:
        """Answer the last proposal: its value, higher being better, or None if it failed."""
        assert self._asked is not None, "nothing was asked"
        state = TrialState.COMPLETE if value is not None else TrialState.FAIL
        self._study.tell(self._asked, value, state=state)
        self._asked = None


def _sampler(name: str, seed: int) -> BaseSampler:
    sampler: BaseSampler = _SAMPLERS[name](seed=seed)
    return sampler
