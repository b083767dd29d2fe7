"""`regulars segments`: RFM segments over time, and the boundaries of their classes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli import options
from cli.opened_store import opened_store
from cli.terminal import Figure, echo, echo_table, progress_bar
from features.plurals import counted

if TYPE_CHECKING:
    from features.segments.movement import Movement
    from features.segments.segmentation import Segmentation
    from features.store.event_store import EventStore


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def segments(
        store: options.Store,
        every: options.Every = "30d",
        since: options.Since = None,
        until: options.Until = None,
        file: Annotated[
            Path | None,
            typer.Option(
                "--segments", metavar="FILE", help="The segments. Without it: [segments] file of the settings."
            ),
        ] = None,
        learn: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                dir_okay=False,
                callback=options.check_writable,
                help="Learn the boundaries at the last date, and write the segments with them to this file.",
            ),
        ] = None,
        out: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                callback=options.check_table_file,
                help="Write sizes and spend of every segment at every date: .parquet, .csv, .xlsx or .arrow.",
            ),
        ] = None,
        moves: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                callback=options.check_table_file,
                help="Write who moved from which segment to which between the dates.",
            ),
        ] = None,
        language: Annotated[Literal["en", "zh"], typer.Option(help="The language of the segments' names here.")] = "en",
    ) -> None:
        """Show sizes and spend of the RFM segments over time, and how customers moved between them.

        The boundaries of the classes are learnt once, with --learn, and kept in a file with the segments; [segments]
        file of the settings makes `regulars score` and the service use it.

        Examples:

        `regulars segments store --learn segments.toml`

        `regulars segments store --segments segments.toml --every 90d --out sizes.csv --moves moves.csv`
        """
        import pyarrow as pa

        from features.segments.movement import segment_movement
        from features.segments.segmentation import load_segmentation
        from features.segments.settings import segments_file
        from features.store.log_dates import dates_every
        from features.table_files import write_table

        source = file or segments_file()
        segmentation = load_segmentation(source)
        with opened_store(store) as events:
            dates = dates_every(events, options.days_of(every), since, until)
            if learn is not None:
                segmentation = _learn(events, segmentation, source, str(dates[-1].date), learn)
            segmentation.learnt()
            with progress_bar("customers", events.n_customers) as advance:
                movement = segment_movement(events, segmentation, dates, progress=advance)
        _show(movement, {each.name: each.zh or each.name for each in segmentation.segments} if language == "zh" else {})
        for path, table in ((out, movement.sizes), (moves, movement.moves)):
            if path is not None:
                write_table(path, pa.Table.from_pandas(table, preserve_index=False))
                echo(f"{counted(len(table), 'row')} -> {path}")


def _learn(
    store: "EventStore", segmentation: "Segmentation", source: Path | None, as_of: str, path: Path
) -> "Segmentation":
    """Learn the boundaries at a date, write them with the segments, and return both."""
    from importlib import resources

    from features.atomic_file import atomic_write
    from features.engines.feature_table import feature_table
    from features.segments.assignment import learn_boundaries
    from features.segments.segmentation import load_segmentation, with_boundaries

    digest = str(store.manifest["digest"])
    boundaries = learn_boundaries(feature_table(store, as_of), segmentation, as_of, digest)
    template = resources.files("features.segments").joinpath("segments.toml") if source is None else source
    with atomic_write(path) as part:
        part.write_text(with_boundaries(template.read_text(encoding="utf-8"), boundaries), encoding="utf-8")
    echo(f"boundaries learnt at {as_of} -> {path}; [segments] file of the settings puts them into use")
    return load_segmentation(path)


def _show(movement: "Movement", names: dict[str, str]) -> None:
    """Print the segments at the last date, with what came and went since the date before."""
    date = movement.sizes["as_of"].iloc[-1]
    latest = movement.sizes[movement.sizes["as_of"] == date]
    moves = movement.moves[movement.moves["as_of"] == date].query("from_segment != to_segment")
    came, went = (moves.groupby(side)["customers"].sum() for side in ("to_segment", "from_segment"))
    rows = [
        [
            names.get(str(row.segment), str(row.segment)),
            Figure(row.customers),
            Figure(row.share, ".1%"),
            Figure(row.monetary, ",.0f"),
            Figure(came.get(row.segment, 0), "+,"),
            Figure(-went.get(row.segment, 0), ","),
        ]
        for row in latest.itertuples()
    ]
    echo_table(f"RFM segments at {date}", ["segment", "customers", "share", "spend", "came", "went"], rows)
    top = moves[moves["from_segment"] != "unknown"].sort_values("customers", ascending=False, kind="stable").head(5)
    for row in top.itertuples():
        there, here = (names.get(str(name), str(name)) for name in (row.from_segment, row.to_segment))
        echo(f"{row.customers:,} from {there} to {here} since {row.since}")
