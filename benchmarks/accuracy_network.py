"""A recurrent network on weekly counts, the peer of `benchmarks.accuracy` that reads the whole sequence; needs PyTorch.

The network reads how many purchase days each week had, and the week of the year of the next; it gives the distribution
of the next week's count, 0 to 7. Forecasts are simulated week by week. It is one small network, on one thread, with the
same settings for all logs.

References
----------
Valendin, Reutterer, Platzer & Kalcher (2022), Customer base analysis with recurrent neural networks, International
Journal of Research in Marketing 39(4).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from benchmarks.accuracy_weekly import BEFORE, WEEKS_OF_YEAR, WeeklyCounts, weekly_counts
from features.store.event_store import EventStore
from training.models.window import Window

COUNTS = 8
"""Possible counts of a week's purchase days: 0 to 7."""
UNITS, EMBEDDING = 64, 8
STEPS, BATCH, RATE, DECAY = 500, 128, 4e-3, 1e-3
"""Steps of AdamW and the customers in each; the rate falls to 0 as half a cosine."""
MOST_CUSTOMERS = 4_000
PATHS, CHUNK = 40, 1_000
"""Simulated futures of each customer, and customers simulated at a time."""


class CountNetwork(nn.Module):
    """The distribution of the next week's count, from the counts so far."""

    def __init__(self) -> None:
        super().__init__()
        self.count = nn.Embedding(COUNTS + 1, EMBEDDING)
        self.week = nn.Embedding(WEEKS_OF_YEAR, EMBEDDING)
        nn.init.zeros_(self.week.weight)  # a week of the year that no log has shown changes nothing
        self.recurrent = nn.LSTM(2 * EMBEDDING, UNITS, batch_first=True)
        self.hidden = nn.Linear(UNITS, UNITS)
        self.out = nn.Linear(UNITS, COUNTS)

    def forward(
        self, counts: Tensor, next_weeks: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return log probabilities of shape (n, weeks, COUNTS) and the state after the last week."""
        weeks = self.week(next_weeks).expand(len(counts), -1, -1)
        values, state = self.recurrent(torch.cat([self.count(counts), weeks], dim=2), state)
        return torch.log_softmax(self.out(torch.relu(self.hidden(values))), dim=2), state


def network_forecasts(store: EventStore, current: Window, horizons: Sequence[int]) -> dict[int, pd.DataFrame]:
    """Return by horizon the forecasts of the customers of a window, learnt from purchases before its cutoff."""
    torch.set_num_threads(1)
    weekly = weekly_counts(store, current)
    network = fit_network(weekly)
    forecasts = simulated(network, weekly, horizons)
    return {days: table.set_axis(current.features.index) for days, table in forecasts.items()}


def fit_network(weekly: WeeklyCounts, seed: int = 0, steps: int = STEPS) -> CountNetwork:
    """Return a network fitted by maximum likelihood to each week's count after the week of the first purchase."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = CountNetwork()
    weeks = weekly.counts.shape[1]
    rows = np.flatnonzero((weekly.counts != BEFORE).sum(axis=1) > 1)
    if not len(rows):
        return network.eval()
    if len(rows) > MOST_CUSTOMERS:
        rows = rng.choice(rows, MOST_CUSTOMERS, replace=False)
    counts, calendar = torch.from_numpy(weekly.counts[rows]), _calendar(weekly, 1 - weeks, 0)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        batch = counts[rng.integers(0, len(rows), BATCH)]
        batch = batch[:, int((batch != BEFORE).any(dim=0).int().argmax()) :]
        log_probability, _ = network(batch[:, :-1], calendar[-(batch.shape[1] - 1) :])
        known = batch[:, :-1] != BEFORE
        loss = nn.functional.nll_loss(log_probability[known], batch[:, 1:][known])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return network.eval()


@torch.no_grad()
def simulated(
    network: CountNetwork, weekly: WeeklyCounts, horizons: Sequence[int], seed: int = 0, paths: int = PATHS
) -> dict[int, pd.DataFrame]:
    """Return by horizon the forecasts from simulated futures.

    P(none) needs no simulation: it is the probability of the one future without purchases. The expected count is the
    mean over the futures of each week's conditional mean, which varies less than the counts drawn. Of a week that the
    horizon cuts, purchases count by the share of its days.
    """
    generator = torch.Generator().manual_seed(seed)
    parts: dict[int, list[np.ndarray]] = {days: [] for days in horizons}
    for start in range(0, len(weekly.counts), CHUNK):
        chunk = weekly._replace(counts=weekly.counts[start : start + CHUNK])
        for days, values in _simulated_chunk(network, chunk, horizons, generator, paths).items():
            parts[days].append(values)
    columns = ["expected_purchases", "churn_probability", "low", "high"]
    return {days: pd.DataFrame(np.concatenate(values), columns=columns) for days, values in parts.items()}


def _simulated_chunk(
    network: CountNetwork, weekly: WeeklyCounts, horizons: Sequence[int], generator: torch.Generator, paths: int
) -> dict[int, np.ndarray]:
    weeks = weekly.counts.shape[1]
    ahead = -(-max(horizons) // 7)
    first, state = network(torch.from_numpy(weekly.counts), _calendar(weekly, 1 - weeks, 1))
    first = first[:, -1]
    none = _none_by_week(network, weekly, first, state, ahead)

    state = tuple(values.repeat_interleave(paths, dim=1) for values in state)
    log_probability = first.repeat_interleave(paths, dim=0)
    mean, drawn = [], []
    for week in range(ahead):
        probability = log_probability.exp()
        mean.append(probability @ torch.arange(COUNTS, dtype=torch.float32))
        drawn.append(torch.multinomial(probability, 1, generator=generator)[:, 0])
        if week + 1 < ahead:
            log_probability, state = network(drawn[-1][:, None], _calendar(weekly, week + 1, week + 2), state)
            log_probability = log_probability[:, 0]
    means = torch.stack(mean, 1).reshape(-1, paths, ahead)
    counts = torch.stack(drawn, 1).reshape(-1, paths, ahead)
    forecasts = {}
    for days in horizons:
        whole, share = days // 7, days % 7 / 7
        expected, total = means[:, :, :whole].sum(2), counts[:, :, :whole].sum(2).float()
        no_purchase = none[:, :whole].sum(1)
        if share:
            expected = expected + share * means[:, :, whole]
            kept = torch.binomial(counts[:, :, whole].float(), torch.full(total.shape, share), generator=generator)
            total = total + kept
            no_purchase = no_purchase + share * none[:, whole]
        quiet = no_purchase.double().exp()
        low, high = (total.quantile(at, dim=1, interpolation=side) for at, side in ((0.05, "lower"), (0.95, "higher")))
        forecasts[days] = np.column_stack([np.maximum(expected.mean(1), 1 - quiet), quiet, low, high])
    return forecasts


def _none_by_week(
    network: CountNetwork, weekly: WeeklyCounts, first: Tensor, state: tuple[Tensor, Tensor], ahead: int
) -> Tensor:
    """Return the log probability of no purchase in each week to come, given none in the weeks before it."""
    log_none = [first[:, 0]]
    nothing = torch.zeros((len(first), 1), dtype=torch.int64)
    for week in range(1, ahead):
        log_probability, state = network(nothing, _calendar(weekly, week, week + 1), state)
        log_none.append(log_probability[:, 0, 0])
    return torch.stack(log_none, 1)


def _calendar(weekly: WeeklyCounts, first: int, last: int) -> Tensor:
    return torch.from_numpy(weekly.calendar(first, last))
