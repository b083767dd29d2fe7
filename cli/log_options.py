"""Options that say how the sources of a log are read."""

import re
from typing import Annotated

import typer


def check_size(text: str | None) -> str | None:
    """Refuse what is not a size of memory."""
    if text is not None and not re.fullmatch(r"[1-9]\d*(\.\d+)? ?[KMGT]i?B", text, re.IGNORECASE):
        raise typer.BadParameter(f"{text!r} is not a size: write it like 500MB or 2GB")
    return text


def pairs(option: str, texts: list[str] | None) -> dict[str, str]:
    """Return `ours=theirs` texts as a mapping; refuse any other text and a name that is given twice."""
    found: dict[str, str] = {}
    for text in texts or []:
        ours, _, theirs = text.partition("=")
        if not (ours and theirs):
            raise typer.BadParameter(f"{text!r} is not a pair: write ours=theirs", param_hint=option)
        if ours in found:
            raise typer.BadParameter(f"{ours!r} is given twice: give it once", param_hint=option)
        found[ours] = theirs
    return found


Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        help="Files (CSV, JSON lines, Parquet, Arrow, XLSX), a glob, a folder, or a database URL with --query.",
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        metavar="OURS=THEIRS",
        help="Rename a column, for instance customer_id=client, or orders.csv:customer_id=client in sources of that "
        "name alone; repeatable.",
    ),
]
Constants = Annotated[
    list[str] | None,
    typer.Option(
        metavar="OURS=VALUE",
        help="Fill a missing column, for instance event_type=purchase or refunds*.csv:event_type=return; repeatable.",
    ),
]
Query = Annotated[str | None, typer.Option(metavar="SQL", help="The query to run at a postgresql:// or sqlite:// URL.")]
Delimiter = Annotated[str | None, typer.Option(metavar="CHARACTER", help="The CSV delimiter. Without it: detected.")]
Encoding = Annotated[str | None, typer.Option(metavar="NAME", help="The text encoding. Without it: detected.")]
Decimal = Annotated[
    str | None, typer.Option(metavar="CHARACTER", help="The decimal mark, . or , (without it: detected).")
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        callback=check_size,
        help="Memory that the search for duplicates may use before it spills to disk, for instance 500MB. Without it: "
        "1GB, or as the settings file says.",
    ),
]
