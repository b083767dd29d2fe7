"""Reads which files and partition values are the current version of a Delta table, by the package `deltalake`."""

from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa

from features.errors import MissingExtraError, SourceError

READ_FEATURES = frozenset({"timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"})


def delta_files(folder: str) -> list[tuple[Path, dict[str, str | None]]]:
    """Return the Parquet files that make the current version of a Delta table, sorted, with their partition values.

    Parameters
    ----------
    folder : str
        The folder that holds `_delta_log`.

    Raises
    ------
    MissingExtraError
        When `deltalake` is not installed.
    SourceError
        When the log is damaged, or the table needs more than its files: deletion vectors, or renamed columns.
    """
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ImportError:
        raise MissingExtraError(
            f"{folder} is a Delta table, which needs regulars[lake]: pip install 'regulars[lake]' (its files hold "
            "removed rows too, so they are not read without its log)"
        ) from None
    try:
        table = DeltaTable(folder)
        features = set(table.protocol().reader_features or ()) - READ_FEATURES
        mapping = table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none"
        actions = pa.table(table.get_add_actions(flatten=True)).to_pydict()
    except (DeltaError, OSError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SourceError(f"{folder} is a damaged Delta table ({reason}): repair its log, or export its rows") from None
    if features or mapping:
        needs = ", ".join(sorted(features)) or "columnMapping"
        raise SourceError(
            f"{folder} is a Delta table that needs {needs}: export its current rows as Parquet, or read it as a table "
            "of Spark, with `spark:TABLE`"
        )
    partitions = table.metadata().partition_columns
    files = []
    for place, path in enumerate(actions["path"]):
        values = {name: actions[f"partition.{name}"][place] for name in partitions}
        partition = {name: None if value is None else str(value) for name, value in values.items()}
        files.append((Path(folder, unquote(path)), partition))
    if not files:
        raise SourceError(f"{folder} is a Delta table without rows: expected at least one event")
    return sorted(files, key=lambda file: file[0])
