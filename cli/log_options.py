"""Options that say how the sources of a log are read."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer


def check_size(text: str | None) -> str | None:
    """Refuse what is not a size of memory."""
    if text is not None and not re.fullmatch(r"[1-9]\d*(\.\d+)? ?[KMGT]i?B", text, re.IGNORECASE):
        raise typer.BadParameter(f"{text!r} is not a size: write it like 500MB or 2GB")
    return text


def pairs(option: str, texts: list[str] | None, form: str = "NAME=VALUE") -> Iterator[tuple[str, str]]:
    """Yield the two sides of texts with a `=`; refuse any other text. The second side may be empty."""
    for text in texts or []:
        name, mark, value = text.partition("=")
        if not (name and mark):
            raise typer.BadParameter(f"{text!r} is not a pair: write {form}", param_hint=option)
        yield name, value


def mapping(option: str, texts: list[str] | None, form: str = "ours=theirs") -> dict[str, str]:
    """Return texts such as `ours=theirs` as a mapping; refuse half a pair, and a name that is given twice."""
    values: dict[str, str] = {}
    for name, value in pairs(option, texts, form):
        if not value:
            raise typer.BadParameter(f"'{name}=' is not a pair: write {form}", param_hint=option)
        if name in values:
            raise typer.BadParameter(f"{name!r} is given twice: give it once", param_hint=option)
        values[name] = value
    return values


def first_line(file: Path | None) -> str | None:
    """Return the first line of a file of a password, without its end; refuse a file without one."""
    if file is None:
        return None
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    if not lines or not lines[0]:
        raise typer.BadParameter(f"{file} has no first line with a password", param_hint="--password-file")
    return lines[0]


Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE",
        help="Files (CSV, JSON lines, Parquet, Arrow, XLSX), a glob, a folder, or a database URL with --query; none "
        "where the query names files.",
        show_default=False,
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        metavar="OURS=THEIRS",
        help="Rename a column, for instance customer_id=client, or a.csv:customer_id=client in sources of that "
        "name alone; repeatable.",
    ),
]
Constants = Annotated[
    list[str] | None,
    typer.Option(
        metavar="OURS=VALUE",
        help="Fill a missing column, for instance event_type=purchase or b.csv:event_type=return; repeatable.",
    ),
]
Query = Annotated[
    str | None,
    typer.Option(
        metavar="SQL",
        help="The query to run at a postgresql://, mysql:// or sqlite:// URL, or over files that it names.",
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        dir_okay=False,
        exists=True,
        help="The file whose first line is the password of the database. Without it: REGULARS_DB_PASSWORD.",
    ),
]
Delimiter = Annotated[str | None, typer.Option(metavar="CHARACTER", help="The CSV delimiter. Without it: detected.")]
Encoding = Annotated[str | None, typer.Option(metavar="NAME", help="The text encoding. Without it: detected.")]
Decimal = Annotated[
    str | None, typer.Option(metavar="CHARACTER", help="The decimal mark, . or , (without it: detected).")
]
Sheet = Annotated[
    str | None, typer.Option(metavar="NAME", help="The sheet of a workbook, or a pattern such as '20*' for several.")
]
HeaderLine = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="The line of the column names. Without it: detected.")
]
MaximumQuarantined = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        min=0,
        max=1,
        help="The share of rows that may be faulty for unexpected reasons. Without it: 0.05, or as the profile or the "
        "settings file says.",
    ),
]
AcceptQuarantine = Annotated[
    bool | None, typer.Option("--accept-quarantine", help="Change the store however many rows are faulty.")
]
Strict = Annotated[bool | None, typer.Option("--strict", help="Refuse a log with warnings.")]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        callback=check_size,
        help="Memory that the search for duplicates may use before it spills to disk, for instance 500MB. Without it: "
        "1GB, or as the settings file says.",
    ),
]
