"""Which candidate a fit at a date would choose, by the trials that were over then."""

from collections.abc import Sequence

from features.as_of import AsOf
from features.errors import TooLittleDataError
from features.loyalty.formula import Formula
from features.store.event_store import EventStore
from training.fit import StepProgress, fit_candidates
from training.models.customer_model import CustomerModel
from training.settings import CandidateSettings, FitSettings, TrialSettings
from training.trials import REFERENCE, Trial, best_candidate, run_trials, trial_starts


class CandidateFits:
    """The candidates as fitted at past dates; each date of a trial is fitted once, however often it is asked for.

    Parameters
    ----------
    store : EventStore
    formula : Formula
    candidates : CandidateSettings
        Names of the candidates; of the baselines one is needed, to make the losses of several windows comparable.
    fit : FitSettings
    trials : TrialSettings
    seed : int
        Of the draw of customers and of the spend model.
    quick : bool
        Only the first candidate, learning from fewer customers.
    progress : callable, optional
        Called with the name of each step.
    """

    def __init__(
        self,
        store: EventStore,
        formula: Formula,
        candidates: CandidateSettings = CandidateSettings(),
        fit: FitSettings = FitSettings(),
        trials: TrialSettings = TrialSettings(),
        *,
        seed: int = 0,
        quick: bool = False,
        progress: StepProgress | None = None,
    ) -> None:
        self.store, self.formula = store, formula
        self.names: Sequence[str] = candidates.tried(quick)
        self.reference = REFERENCE if REFERENCE in candidates.baselines else candidates.baselines[0]
        self.fit_settings, self.trial_settings = fit, trials
        self.seed, self.quick = seed, quick
        self._report = progress or (lambda step: None)
        self._fitted: dict[int, dict[str, CustomerModel]] = {}

    def at(self, cutoff: AsOf) -> dict[str, CustomerModel]:
        """Return every candidate by name, fitted to what was known at a midnight."""
        if cutoff.day not in self._fitted:
            self._fitted[cutoff.day] = self._fit(cutoff, self.names)
        return self._fitted[cutoff.day]

    def best_at(self, cutoff: AsOf) -> CustomerModel:
        """Return the candidate of `chosen_at`, fitted to what was known at a midnight."""
        chosen = self.chosen_at(cutoff)
        return (self._fitted.get(cutoff.day) or self._fit(cutoff, [chosen]))[chosen]

    def _fit(self, cutoff: AsOf, names: Sequence[str]) -> dict[str, CustomerModel]:
        self._report(f"fitting {', '.join(names)} at {cutoff.date}")
        return fit_candidates(
            self.store,
            cutoff,
            self.formula,
            names,
            settings=self.fit_settings,
            seed=self.seed,
            quick=self.quick,
        )

    def chosen_at(self, cutoff: AsOf) -> str:
        """Return the name of the candidate that a fit at a midnight would choose.

        That is the best in trials that were over by then. The only candidate needs no trial; where the log has no room
        for one, it is the first.
        """
        if len(self.names) == 1:
            return self.names[0]
        try:
            starts = trial_starts(self.store, cutoff, self.trial_settings.count, self.trial_settings)
        except TooLittleDataError:
            self._report(f"too early for a trial at {cutoff.date}: {self.names[0]}")
            return self.names[0]
        trials: list[Trial] = []
        for start in starts:
            trials += run_trials(
                self.store,
                start,
                cutoff,
                self.at(start),
                {},
                self.formula,
                baselines=(self.reference,),
                settings=self.trial_settings,
                seed=self.seed,
                progress=self._report,
            )
        return best_candidate(trials, self.names)
