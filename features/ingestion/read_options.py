"""How sources are to be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from features.errors import SourceError
from features.ingestion.profile import SourceProfile
from features.schema import LOG_COLUMN_NAMES

OWN = "="
"""What begins the key of a source's own column, one that is none of the contract's."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read sources.

    Attributes
    ----------
    query : str or None
        The SELECT statement: for database URLs, or over files that it names.
    map : mapping of str to str
        Log column to the sources' name of it; `PATTERN:column` is for the sources that match a pattern alone.
    constants : mapping of str to str
        Values for log columns that a source lacks; keys as in `map`.
    delimiter, encoding, decimal : str or None
        How CSV files are written; None: detected, for each file.
    sheet : str or None
        Which sheets of workbooks to read, as a pattern; None: the only one.
    header_line : int or None
        The line or row of the column names, from 1; None: detected.
    password : str or None
        Of databases.
    profiles : mapping of str to SourceProfile
        By a pattern of sources; "" for those that no other pattern matches.
    """

    query: str | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    sheet: str | None = None
    header_line: int | None = None
    password: str | None = field(default=None, repr=False)
    profiles: Mapping[str, SourceProfile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in [*self.map, *self.constants]:
            if not key.startswith(OWN) and (name := key.rpartition(":")[2]) not in LOG_COLUMN_NAMES:
                expected = ", ".join(LOG_COLUMN_NAMES)
                raise SourceError(f"{name!r} is no column of the contract: expected one of {expected}")
        if self.delimiter is not None and (
            len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n\0'
        ):
            raise SourceError(f"{self.delimiter!r} is not a delimiter: give one ASCII character, such as ',' or ';'")
        if self.decimal not in (None, ".", ","):
            raise SourceError(f"{self.decimal!r} is not a decimal mark: expected '.' or ','")
        if self.header_line is not None and self.header_line < 1:
            raise SourceError(f"header_line is {self.header_line}: lines are counted from 1")

    @property
    def profile(self) -> SourceProfile:
        """The profile of a source, after `of_source`."""
        return self.profiles.get("", SourceProfile())

    def patterns(self) -> list[str]:
        """Return the patterns of sources in `map`, `constants` and `profiles`."""
        keys = [key.rpartition(":")[0] for key in [*self.map, *self.constants] if ":" in key]
        return list(dict.fromkeys([*keys, *filter(None, self.profiles)]))

    def of_source(self, name: str) -> "ReadOptions":
        """Return the options for one source: its name, or its file name, decides which patterns hold.

        What its profile says is in them, with the columns of its own that it names; options go before the profile.
        """
        profile = next((self.profiles[key] for key in self.profiles if key and matches(key, name)), self.profile)
        if self.decimal:
            profile = profile.with_values(amounts={"decimal": self.decimal})
        own = {f"{OWN}{column}": column for column in profile.own_columns()}
        files = profile.files
        return replace(
            self,
            map={**profile.columns, **_of_source(self.map, name), **own},
            constants={**profile.constants, **_of_source(self.constants, name)},
            delimiter=self.delimiter or files.delimiter or None,
            encoding=self.encoding or files.encoding or None,
            sheet=self.sheet or files.sheet or None,
            header_line=self.header_line or files.header_line or None,
            profiles={"": profile},
        )


def matches(pattern: str, name: str) -> bool:
    """Return whether a source has a name that matches a pattern such as `orders*.csv`, with its folders or without."""
    return fnmatchcase(name, pattern) or fnmatchcase(name.rsplit("/", 1)[-1], pattern)


def _of_source(values: Mapping[str, str], name: str) -> dict[str, str]:
    """Return the values for one source; one with a pattern goes before one without."""
    split = [(*key.rpartition(":")[::2], value) for key, value in values.items()]
    chosen = {column: value for pattern, column, value in split if not pattern}
    return chosen | {column: value for pattern, column, value in split if pattern and matches(pattern, name)}
