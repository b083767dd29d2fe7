"""The options that `ingest` and `append` share, and the reading of sources into a store that they steer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import typer

from cli import log_options, source_options
from cli.settings import ingest_settings
from cli.terminal import echo, progress_bar

if TYPE_CHECKING:
    from features.ingestion.distributed import Workers
    from features.ingestion.ingest_report import IngestReport
    from features.store.writer import Existing


SETTINGS_FILE_OPTIONS = ("delimiter", "encoding", "decimal", "maximum_quarantined", "accept_quarantine", "strict")
"""The options that the section [ingest] of the settings file has too."""
PROFILE_OPTIONS = (
    *("time_format", "thousands", "currency_sign", "cents", "amount", "refund", "one_event_per", "replace_references"),
    *("kinds", "negative", "currency", "nobody", "fold_case", "leave_out", "keep"),
)
"""The options that become a profile."""
STORE_OPTIONS = ("timezone", "rating_maximum", "buckets")
"""What a store keeps, whatever is added to it."""


@dataclass(frozen=True)
class SourceOptions:
    """What the command line says about sources, in the order of --help."""

    map: log_options.Map = None
    set: log_options.Constants = None
    query: log_options.Query = None
    password_file: log_options.PasswordFile = None
    delimiter: log_options.Delimiter = None
    encoding: log_options.Encoding = None
    decimal: log_options.Decimal = None
    sheet: log_options.Sheet = None
    header_line: log_options.HeaderLine = None
    profile: source_options.Profiles = None
    time_format: source_options.TimeFormat = None
    thousands: source_options.Thousands = None
    currency_sign: source_options.CurrencySign = None
    cents: source_options.Cents = False
    amount: source_options.AmountExpression = None
    refund: source_options.Refund = None
    one_event_per: source_options.OneEventPer = None
    replace_references: source_options.ReplaceReferences = False
    kinds: source_options.Kinds = None
    negative: source_options.Negative = None
    currency: source_options.Currency = None
    nobody: source_options.Nobody = None
    fold_case: source_options.FoldCase = False
    leave_out: source_options.LeaveOut = None
    keep: source_options.Keep = None
    maximum_quarantined: log_options.MaximumQuarantined = None
    accept_quarantine: log_options.AcceptQuarantine = None
    strict: log_options.Strict = None
    memory_limit: log_options.MemoryLimit = None

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of `features.ingestion.ingest.ingest` that settings and store do not hold."""
        profile_options = {name: getattr(self, name) for name in PROFILE_OPTIONS}
        return {
            "profile": source_options.profiles_of_options(self.profile, **profile_options),
            "map": log_options.mapping("--map", self.map),
            "constants": log_options.mapping("--set", self.set),
            "query": self.query,
            "password": log_options.first_line(self.password_file),
            "sheet": self.sheet,
            "header_line": self.header_line,
        }

    def settings(self, store: Mapping[str, object], rating_maximum: float | None) -> dict[str, Any]:
        """Return the keyword arguments that the settings file has too; `store` are more options of [store]."""
        ingest = {name: getattr(self, name) for name in SETTINGS_FILE_OPTIONS}
        return ingest_settings(
            {"memory_limit": self.memory_limit, **store}, ingest | {"rating_maximum": rating_maximum}
        )


def takes_source_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of `SourceOptions` to those of a command, which gets them as its argument `source_options`."""
    own, shared = (get_type_hints(each, include_extras=True) for each in (command, SourceOptions))
    own.pop("source_options")

    @wraps(command)
    def with_options(**given: Any) -> None:
        source_options = SourceOptions(**{name: given.pop(name) for name in shared})
        command(source_options=source_options, **given)

    parameters = [each for each in signature(command).parameters.values() if each.name != "source_options"]
    parameters += [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=shared[field.name])
        for field in fields(SourceOptions)
    ]
    with_options.__signature__ = Signature(  # type: ignore[attr-defined]
        [each.replace(kind=Parameter.KEYWORD_ONLY) for each in parameters]
    )
    with_options.__annotations__ = own | shared
    return with_options


def read_sources(
    sources: list[str] | None,
    store: Path,
    options: SourceOptions,
    existing: "Existing",
    workers: "Workers | None" = None,
    **store_options: Any,
) -> "IngestReport":
    """Read sources into a store, print what became of the rows, and return the report.

    Parameters
    ----------
    sources : list of str or None
        The argument of the command.
    store : Path
    options : SourceOptions
    existing : {"refuse", "replace", "append"}
        What to do with a store that is there.
    workers : Workers, optional
        What reads, checks and writes; this process without it, and for "append".
    **store_options
        Options of `STORE_OPTIONS` that were given; none of them for "append".
    """
    if not sources and not options.query:
        raise typer.BadParameter("name a file, or a query over files", param_hint="SOURCE...")
    from features.encryption.volumes import check_volume
    from features.errors import FaultyRowsError
    from features.ingestion.ingest import append, ingest
    from features.store.event_store import is_store, read_manifest
    from features.store.generations import generations_before
    from serving.clock import utc_now

    check_volume(store)
    arguments = options.arguments() | {"known_at": utc_now()}
    rating_maximum = store_options.pop("rating_maximum", None)
    settings = options.settings(store_options, rating_maximum)
    before, replaced = None, ""
    read: Callable[..., IngestReport]
    if existing == "append":
        settings = {name: value for name, value in settings.items() if name not in STORE_OPTIONS}
        before, read = read_manifest(store)["folder"], append
    else:
        settings |= {"existing": existing, "workers": workers}
        read = ingest
        if existing == "replace" and is_store(store):
            present, _ = generations_before(store)
            replaced = "replaces a store whose manifest could not be read"
            if present is not None:
                counted = f" of {len(present['sources']):,} sources" if present.get("sources") else ""
                replaced = (
                    f"replaces {present['events']:,} events{counted}: `regulars store rollback {store}` goes back"
                )
    try:
        with progress_bar("rows") as advance:
            report = read(sources or [], store, progress=advance, **arguments, **settings)
    except FaultyRowsError as error:
        for line in error.report:
            echo(line)
        raise
    for line in report.lines():
        echo(line)
    if replaced:
        echo(replaced)
    folder = read_manifest(store)["folder"]
    if folder == before:
        echo(f"-> {store} is as it was: there is nothing new to add")
    else:
        echo(f"-> {store} (report.json and the data in {store / folder})")
    return report
