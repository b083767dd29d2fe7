"""Looks at a sample of a source: what each column seems to be, how sure that is, and what has to be asked."""

import re
import shlex
from collections.abc import Mapping

import pyarrow as pa

from features.errors import AmbiguousSourceError
from features.ingestion.amount_inspection import (
    LIKELY,
    ask_for_amounts,
    find_currency,
    find_lines,
    find_negatives,
    find_refunds,
)
from features.ingestion.column_names import (
    CLOCK,
    CLOCKS,
    NAMES,
    QUANTITY,
    STATUS,
    UNIT_PRICE,
    event_type_of,
    fits,
    letters,
    name_score,
    share,
    words_of,
)
from features.ingestion.detection import SHORT_YEARS, detect_amount_marks, detect_time_format, has_short_years
from features.ingestion.id_rules import are_whole_numbers
from features.ingestion.inspection_result import Inspection
from features.ingestion.profile import SourceProfile, load_profile, profile_names
from features.schema import EVENT_TYPES

CERTAIN = "certain"


def inspect_sample(sample: Mapping[str, pa.Array]) -> Inspection:
    """Return what a sample of a source's columns says.

    Parameters
    ----------
    sample : mapping of str to pyarrow.Array, shape (rows,)
        The first rows, as text or typed, by the source's own names.

    Examples
    --------
    >>> sample = {"Client": ["a", "b"], "Date": ["31/12/2024", "01/02/2024"], "Total": ["1.234,50", "7"]}
    >>> inspection = inspect_sample({name: pa.array(values) for name, values in sample.items()})
    >>> inspection.profile.columns["customer_id"], inspection.profile.times.format, inspection.profile.amounts.thousands
    ('Client', ('day_first',), '.')
    """
    known = _known_profile(sample)
    inspection = Inspection(load_profile(known) if known else SourceProfile(), known=known)
    if known:
        inspection.sure[""] = f"The columns are those of the profile {known}."
    else:
        _find_columns(sample, inspection)
        _find_clock(sample, inspection)
        find_lines(sample, inspection)
        ask_for_amounts(sample, inspection)
        find_refunds(sample, inspection)
        _find_filters(sample, inspection)
    find_negatives(sample, inspection)
    _find_ids(sample, inspection)
    _find_formats(sample, inspection)
    find_currency(sample, inspection)
    return inspection


def _known_profile(sample: Mapping[str, pa.Array]) -> str:
    """Return the profile that comes along whose columns are all there; the one with most columns.

    One that says no more than columns, like `plain`, is none: others that the file has may mean something too.
    """
    profiles = {name: load_profile(name) for name in profile_names()}
    profiles = {name: each for name, each in profiles.items() if each != SourceProfile(each.columns, each.constants)}
    needed = {name: {*profile.columns.values(), *profile.own_columns()} for name, profile in profiles.items()}
    fitting = [name for name, columns in needed.items() if columns <= set(sample)]
    return max(fitting, key=lambda name: len(needed[name]), default="")


def _find_columns(sample: Mapping[str, pa.Array], inspection: Inspection) -> None:
    columns: dict[str, str] = {}
    for log_column in ("event_time", *(name for name in NAMES if name != "event_time")):
        names = NAMES[log_column].split()
        scores = {name: name_score(name, log_column) * fits(log_column, column) for name, column in sample.items()}
        scores = {name: score for name, score in scores.items() if score > 0 and name not in columns.values()}
        if log_column == "sale_reference":  # nearly the names of references, so only by its own
            scores = {name: score for name, score in scores.items() if score > 0.85}
        best = max(scores, key=lambda name: scores[name], default="")
        required = log_column in ("customer_id", "event_time")
        if not best or scores[best] < (0.5 if required else 0.75):
            if required:
                guess = best or next((name for name in sample if name not in columns.values()), "NAME")
                option = shlex.quote(f"{log_column}={guess}")
                inspection.questions.append(f"which column is {log_column}? Give it under [columns], or --map {option}")
            continue
        columns[log_column] = best
        exact = letters(best) in {letters(name) for name in names}
        rivals = [name for name in scores if name != best and scores[name] >= scores[best] and name != log_column]
        if log_column == "amount":  # net or gross, with or without shipping: no name settles it
            prices = UNIT_PRICE.split() if any(letters(name) in QUANTITY.split() for name in sample) else ()
            usual = [name for name in scores if scores[name] > 0.85 and letters(name) not in prices]
            rivals = [name for name in usual if name != best]
        inspection.sure[f"columns.{log_column}"] = (
            CERTAIN if best == log_column else LIKELY if exact else "perhaps, by its name"
        )
        if log_column == "customer_id" and not exact:
            inspection.questions.append(f"is {best!r} the customer, or rather a number of the order?")
        if rivals and best != log_column:
            others = " or ".join(map(repr, rivals[:3]))
            inspection.questions.append(f"is {log_column} the column {best!r}, or {others}?")
    constants = {} if "event_type" in columns else {"event_type": "purchase"}
    if constants:
        inspection.sure["constants.event_type"] = "no column says what a row is: all are taken for purchases"
    inspection.profile = inspection.profile.with_values(columns=columns, constants=constants)
    if "event_type" in columns:
        words = words_of(sample[columns["event_type"]])
        unknown = [word for word in words if word not in EVENT_TYPES]
        if unknown:
            values = {word: event_type for word in unknown if (event_type := event_type_of(word))}
            inspection.profile = inspection.profile.with_values(event_types={"values": values})
            inspection.sure["event_types.values"] = "guessed from the words: check them"
            rest = [word for word in unknown if word not in values]
            if rest:
                option = shlex.quote(f"{rest[0]}=purchase")
                inspection.questions.append(
                    f"what are rows of the type {', '.join(map(repr, rest[:5]))}? Give --kinds {option} or another type"
                )


def _find_clock(sample: Mapping[str, pa.Array], inspection: Inspection) -> None:
    """Look for a column with the time of day beside one with the date."""
    date = inspection.profile.columns.get("event_time", "")
    if date in sample and share(sample[date], r"[1-9]:\d\d|:0?[1-9]") == 0:
        for name, column in sample.items():
            is_mapped = name in inspection.profile.columns.values()
            if not is_mapped and letters(name) in CLOCKS.split() and share(column, CLOCK):
                inspection.profile = inspection.profile.with_values(times={"clock_column": name})
                inspection.sure["times.clock_column"] = f"{LIKELY}: {name} has times of day and {date} has none"
                return


def _find_ids(sample: Mapping[str, pa.Array], inspection: Inspection) -> None:
    """Look for ids of one customer in several spellings, and for whole numbers with decimals."""
    name = inspection.profile.columns.get("customer_id", "")
    if name in sample and are_whole_numbers(sample[name], inspection.profile.ids):
        inspection.profile = inspection.profile.with_values(ids={"whole_numbers": True})
        inspection.sure["ids.whole_numbers"] = f"{CERTAIN}: all ids of the sample are whole numbers with .0"
    if name not in sample or inspection.profile.ids.fold_case:
        return
    spellings: dict[str, str] = {}
    for text in words_of(sample[name]):
        if "@" not in text and re.search(r"\d", text):
            continue  # codes, such as those of Salesforce, may mean capitals
        if (other := spellings.setdefault(text.lower(), text)) != text:
            inspection.questions.append(f"are {other!r} and {text!r} one customer? If so give --fold-case")
            return


def _find_filters(sample: Mapping[str, pa.Array], inspection: Inspection) -> None:
    for name, column in sample.items():
        if letters(name) in STATUS.split() and name not in inspection.profile.columns.values():
            words = words_of(column)
            if 1 < len(words) <= 20:
                inspection.questions.append(
                    f"which values of {name!r} are purchases? There are {', '.join(words[:8])}: give for instance "
                    f"--keep {shlex.quote(f'{name}={words[0]}')}"
                )


def _find_formats(sample: Mapping[str, pa.Array], inspection: Inspection) -> None:
    profile = inspection.profile
    time = profile.columns.get("event_time", "")
    try:
        if time in sample and not profile.times.format and not pa.types.is_temporal(sample[time].type):
            if formats := detect_time_format(sample[time]):
                profile = profile.with_values(times={"format": formats})
                years = f"; years {SHORT_YEARS}" if has_short_years(sample[time]) else ""
                inspection.sure["times.format"] = f"{CERTAIN}: no other fits all times of the sample{years}"
            else:
                inspection.sure["columns.event_time"] = (
                    f"{inspection.sure.get('columns.event_time', LIKELY)}; times as ISO 8601 has them"
                )
    except AmbiguousSourceError as question:
        inspection.questions.append(str(question))
        inspection.sure["times.format"] = str(question)
    names = [profile.columns.get("amount", ""), profile.amounts.refund, *profile.amount_columns()]
    amounts = profile.amounts
    try:
        columns = [sample[name] for name in names if name in sample]
        marks = detect_amount_marks(columns, amounts.decimal, amounts.thousands, amounts.sign)
        values = {"decimal": marks.decimal, "thousands": marks.thousands, "sign": marks.sign}
        if not marks.certain:
            del values["decimal"]
        profile = profile.with_values(amounts={key: value for key, value in values.items() if value})
    except AmbiguousSourceError as question:
        inspection.questions.append(str(question))
        inspection.sure["amounts.decimal"] = str(question)
    inspection.profile = profile
