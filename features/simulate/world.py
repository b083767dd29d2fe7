"""Simulated shops that run until a day, take a plan of visits and incentives, and go on."""

import copy
from datetime import date
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa

from features.errors import InvalidArgumentError
from features.simulate.campaigns import begin_period
from features.simulate.keyed_random import KeyedRandom, Purpose
from features.simulate.log_schema import PLAN_SCHEMA
from features.simulate.population import customer_ids, customers_table, draw_population
from features.simulate.seasonal_time import seasonal_clock, to_days
from features.simulate.spontaneous_purchases import draw_spontaneous, forget_spontaneous
from features.simulate.truth import PERIOD_DAYS, Truth
from features.simulate.world_contacts import carry_out
from features.simulate.world_log import with_references
from features.simulate.world_plan import planned_contacts
from features.simulate.world_purchases import purchase
from features.simulate.world_state import Contacts, State
from features.simulate.world_tables import decisions_table, records_table, truth_table
from features.simulate.world_usage import add_usage_and_feedback


class World:
    """Simulated customers that live on from day to day, with or without a plan.

    The customers are those that `simulate` draws with the same truth and seed. Random numbers depend on the seed, the
    customer, the day and what they are for: two copies of a world that do different things meet the same chances, and
    the difference between them is the effect of what was done. Differences to `simulate`: a visit acts only where
    there was contact, only spontaneous purchases bring churn nearer, and an outcome depends on the past alone.

    Parameters
    ----------
    truth : Truth, optional
        Its visits and incentives are the firm's own campaigns.
    customers : int
        Number of customers, at least 1.
    seed : int

    Raises
    ------
    InvalidArgumentError
        When there is no customer.

    Examples
    --------
    >>> world = World(Truth(days=200, acquisition_days=100), customers=50, seed=1)
    >>> log = world.until(150)
    >>> plan = pd.DataFrame({"customer_id": ["C0000001"], "day": [150], "event_type": ["visit"], "channel": ["phone"]})
    >>> world.act(plan)
    >>> world.until(200).num_rows > 0
    True
    """

    def __init__(self, truth: Truth | None = None, customers: int = 10_000, seed: int = 0) -> None:
        self.truth = Truth() if truth is None else truth
        if customers < 1:
            raise InvalidArgumentError(f"customers is {customers}; expected at least 1")
        # Two periods more, because actions last longer than the log.
        periods = -(-self.truth.days // PERIOD_DAYS) + 3
        clock = seasonal_clock(self.truth, periods * PERIOD_DAYS)
        population = draw_population(self.truth, clock, customers, seed)
        self.day = 0
        """The day that comes next, as the number of days since the start."""
        self._state = State(self.truth, clock, population, KeyedRandom((seed,)))
        self._ids = pa.array(customer_ids(customers))
        self._tables: list[pa.Table] = []
        self._rows = 0

    def until(self, day: int | str | date, campaigns: bool = True) -> pa.Table:
        """Run until the beginning of a day and return the events since the last call.

        Parameters
        ----------
        day : int, str or date
            Days since the start, or a date; not before the present day, not after the end of the truth.
        campaigns : bool
            Whether the firm's own campaigns go on. A campaign that is left out is left out for good.

        Returns
        -------
        pyarrow.Table
            Columns `LOG_SCHEMA`, and `plan_item` once an event had one; sorted by time.

        Raises
        ------
        InvalidArgumentError
            When the day is out of range.
        """
        end = self._number(day)
        if not self.day <= end <= self.truth.days:
            raise InvalidArgumentError(f"day is {day}; expected one from {self.day} to {self.truth.days}")
        state = self._state
        for today in range(self.day, end):
            if today % PERIOD_DAYS == 0:
                draw_spontaneous(state, today + 2 * PERIOD_DAYS)
                forget_spontaneous(state, today, today + 2 * PERIOD_DAYS)
                self._schedule(begin_period(state, today))
            carry_out(state, self._due(today, campaigns), today)
            add_usage_and_feedback(state, today)
            purchase(state, today)
        self.day = end
        return self._emit(end)

    def act(self, actions: pd.DataFrame) -> None:
        """Take a plan: visits and incentives that are made on their day, unless the rep skips them.

        Parameters
        ----------
        actions : DataFrame
            `customer_id`, `day` (days since the start, or dates; not before the present day), `event_type` (`visit` or
            `incentive`), `channel` (one of the truth's); optional: `goal`, `content`, `plan_item`, `minutes`. At most
            one visit and one incentive for each customer and day; a campaign's own on that day is left out.

        Raises
        ------
        InvalidArgumentError
            When a row cannot be done; the message names the first one.
        """
        first = sum(len(rows["plan"]) for rows in self._state.records) + int((self._state.scheduled.plan >= 0).sum())
        days = actions["day"] if "day" in actions else pd.Series(dtype=int)
        if not pd.api.types.is_integer_dtype(days):
            days = days.map(self._number)
        self._schedule(planned_contacts(self._state, actions.assign(day=days), self.day, first))

    def copy(self, future: int | None = None) -> Self:
        """Return a world that goes on from here by itself.

        Parameters
        ----------
        future : int, optional
            Draw other random numbers from now on: the same customers, another future. Copies with the same number
            have the same one.
        """
        twin = copy.copy(self)
        twin._state = copy.deepcopy(self._state)
        twin._tables = list(self._tables)
        if future is not None:
            state = twin._state
            state.chances = KeyedRandom((*state.chances.seed, 1, future))
            if state.spontaneous:
                state.drawn_until = self.day // PERIOD_DAYS * PERIOD_DAYS
                state.spontaneous = {name: column[:0] for name, column in state.spontaneous.items()}
                draw_spontaneous(state, state.drawn_until + 2 * PERIOD_DAYS)
                forget_spontaneous(state, self.day, state.drawn_until)
        return twin

    def log(self) -> pa.Table:
        """Return all events until now, as `until` returns them."""
        tables = self._tables or [self._emit(self.day)]
        schema = PLAN_SCHEMA if self._state.events.plan_items else tables[0].schema
        joined = pa.concat_tables(tables, promote_options="default")
        return joined.select(schema.names)

    def records(self) -> pd.DataFrame:
        """Return what the sales reps report of the plans, one row for each planned contact whose day has come."""
        return records_table(self._state)

    def decisions(self) -> pd.DataFrame:
        """Return the campaigns' decisions: who got what, and the propensity of any contact in the random group.

        Outside the random group (`at_random`) nobody logged the propensity; it is null.
        """
        return decisions_table(self._state)

    def customers(self) -> pd.DataFrame:
        """Return the firm's table of customers as it is now: rep, territory, place, opt-outs, preferred channel."""
        return customers_table(self.truth, self._state.population, self.day)

    def truth_table(self) -> pd.DataFrame:
        """Return the truth about the customers, as `simulate` does; `alive_until` as far as it is known now.

        Also `spend` (currency, returns not deducted) and `purchases` until now. `effect_<channel>` is the effect of a
        contact by a rep of average skill, without fatigue.
        """
        return truth_table(self._state, self.day)

    def _number(self, day: int | str | date) -> int:
        if isinstance(day, int | np.integer):
            return int(day)
        moment = pd.Timestamp(day)
        return int(to_days(self.truth, moment.tz_localize(None).to_pydatetime()))

    def _schedule(self, contacts: Contacts) -> None:
        pairs = zip(self._state.scheduled, contacts, strict=True)
        self._state.scheduled = Contacts(*[np.concatenate(pair) for pair in pairs])

    def _due(self, today: int, campaigns: bool) -> Contacts:
        """Take the day's contacts from the schedule; a plan's replace a campaign's of the same type."""
        state = self._state
        now = state.scheduled.day == today
        due, state.scheduled = state.scheduled.where(now), state.scheduled.where(~now)
        planned = due.plan >= 0
        key = due.customer * 2 + (due.action >= len(self.truth.visits))
        campaign = ~planned & ~np.isin(key, key[planned])
        return due.where(planned | campaign if campaigns else planned)

    def _emit(self, end: int) -> pa.Table:
        """Take the events before a day out of the buffer as a table of the log."""
        state, lag = self._state, self.truth.recorded_lag_days
        rows = state.events.take(end)
        delay = None
        if lag:
            drawn = state.chances.generator(Purpose.RECORDED, end).exponential(lag, (state.count, 8))
            delay = drawn[rows["customer"].astype(np.int64), np.arange(len(rows["time"])) % 8]
        table = state.events.table(self.truth, self._ids, rows, delay)
        if self.truth.references:
            table = with_references(table, self._rows)
        self._rows += table.num_rows
        self._tables.append(table)
        return table
