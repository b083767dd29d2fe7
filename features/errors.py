"""Every error that Regulars raises for a cause outside its own code.

RegularsError
 ├── InvalidArgumentError          an argument of a function is out of range (also a ValueError)
 │    ├── AsOfError                not a date or time that can be a cutoff
 │    ├── TimezoneError            not a zone of the IANA database
 │    └── TimestampError           a timestamp in a request that cannot be read
 ├── SourceError                   a source that cannot be read as an event log
 │    ├── UnreadableSourceError    the file or database behind it
 │    │    ├── HeaderError         a text file in which no header is found
 │    │    └── SheetError          a workbook without the sheet to read, or with several
 │    ├── MissingColumnError       a column that is required or named, and is not there
 │    ├── ProfileError             a source profile, or an option of ingest, that cannot be used
 │    ├── AmbiguousSourceError     values that can be read in two ways: the message names the option that settles it
 │    └── FaultyRowsError          too many rows are faulty, so the old store stays
 ├── EventWordsError               event types, channels, goals or outcomes that cannot be used
 ├── TableFileError                a table that cannot be written to a file of this name
 ├── StoreError                    an event store that cannot be read or written
 ├── ForecastLogError              a forecast log, or the keys of its pseudonyms, that cannot be read
 ├── FormulaError                  a loyalty formula, or the columns it needs, cannot be used
 ├── SegmentsError                 RFM segments that cannot be used
 ├── ModelError                    a model that cannot be loaded or used
 ├── TooLittleDataError            a log too short or too small to learn from
 ├── HorizonNotOverError           the log ends before the horizon does
 ├── TrackingError                 MLflow, its database or its server failed
 ├── PromotionRefusedError         the gate refuses a version
 ├── RetrainInProgressError        another retrain is running in the same home
 ├── PublishedModelError           a published version that cannot go into service
 ├── SignatureError                a key or signature of a published version that cannot be trusted or used
 ├── SettingsError                 a setting that cannot be used
 │    ├── SettingsFileError        regulars.toml, or a variable that stands for one of its settings
 │    ├── RateLimitError           a rate limit that cannot be read
 │    └── ApiKeysError             a file of API keys
 ├── ServerStartError              the service cannot start
 ├── BatchScoresError              batch scores that cannot be read or written
 │    └── ScoresUnreachableError   their database does not answer
 ├── CatalogueError                a catalogue of actions, or rules of incentives, that cannot be used
 ├── PlanError                     a plan that cannot be made, read or used
 ├── RecordError                   a file of records of a plan that cannot be read
 ├── PluginError                   a plugin that cannot be loaded
 ├── DefinitionError               a definition of a feature that means nothing
 ├── SparkError                    work that Spark's workers could not finish
 ├── RequestRefusedError           the service answered the client with a problem document
 │    ├── KeyRefusedError          no API key, an unknown one, or one without the scope
 │    └── ServiceBusyError         too many requests, or no room, also after retries
 ├── ServiceUnreachableError       the service does not answer the client
 ├── JobNotEndedError              a job of the client has not ended in time
 └── MissingExtraError             a library of an optional extra is not installed
      └── SparkMissingError        PySpark, or the Java it runs on

The command prints the message of a RegularsError as its one line and exits with 1, for a SettingsFileError with 2 as
for a wrong argument. Anything else is a fault in Regulars and keeps its traceback. Each message says what was found,
what was expected and what to do.
"""


class RegularsError(Exception):
    """Root of all errors that a user can fix; the message is one line and says how."""


class InvalidArgumentError(RegularsError, ValueError):
    """An argument is out of range; the message names it, what was found and what was expected."""


class AsOfError(InvalidArgumentError):
    """A cutoff that is not a date or time, or lies outside the years of the event contract."""


class TimezoneError(InvalidArgumentError):
    """A time zone that the IANA database does not have."""


class TimestampError(InvalidArgumentError):
    """A timestamp of a request that cannot be read, does not exist or lies in the future."""


class SourceError(RegularsError):
    """A source that cannot be read as an event log."""

    def __init__(self, message: str) -> None:
        # Names of files and columns may hold line breaks; the message stays one line.
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in message))


class UnreadableSourceError(SourceError):
    """A file or database that cannot be read; the message continues a sentence that begins with its name."""


class HeaderError(UnreadableSourceError):
    """A text file in which no header of a log is found.

    Attributes
    ----------
    found : str
        What is there instead, without what was expected.
    """

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"{found}; expected {expected}")
        self.found = found


class SheetError(UnreadableSourceError):
    """A workbook that lacks the sheet to read, or has several and none was named.

    Attributes
    ----------
    sheets : tuple of str
        Those that it could be; none where the one that was named is not there.
    """

    def __init__(self, message: str, sheets: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.sheets = sheets


class MissingColumnError(SourceError):
    """A source lacks a column that is required or named; the message suggests options."""


class ProfileError(SourceError):
    """A source profile that cannot be used; the message names the key."""


class AmbiguousSourceError(SourceError):
    """Values of a source can be read in two ways; the message names the option that settles it."""


class FaultyRowsError(SourceError):
    """So many rows of a source are faulty that it does not replace a store; the message says where they are.

    Attributes
    ----------
    report : tuple of str
        The lines of the report.
    """

    def __init__(self, message: str, report: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.report = report


class EventWordsError(RegularsError):
    """Event types, channels, goals or outcomes that cannot be used; the message names the word and where it stands."""


class TableFileError(RegularsError):
    """A table that cannot be written to a file of this name, or is too large for it."""


class StoreError(RegularsError):
    """An event store that cannot be read or written."""


class ForecastLogError(RegularsError):
    """A forecast log, or the keys of its pseudonyms, cannot be read."""


class FormulaError(RegularsError):
    """A loyalty formula, or the columns it needs, cannot be used; the message names the TOML key."""


class SegmentsError(RegularsError, ValueError):
    """RFM segments, or the boundaries of their classes, cannot be used; the message names the key."""


class ModelError(RegularsError):
    """A model that cannot be loaded or used."""


class TooLittleDataError(RegularsError):
    """A log too short, or with too few customers, to learn from."""


class HorizonNotOverError(RegularsError):
    """The log ends before the horizon does, so there is no outcome to compare with."""


class TrackingError(RegularsError):
    """MLflow, its database or its server failed."""


class PromotionRefusedError(RegularsError):
    """The gate refuses to make a version champion.

    Attributes
    ----------
    number : int
        The version.
    reasons : tuple of str
        Why, one line each.
    can_be_forced : bool
        Whether `promote` with `force` makes it champion all the same.
    """

    def __init__(self, number: int, reasons: tuple[str, ...], can_be_forced: bool = False) -> None:
        super().__init__(f"version {number} is refused: {'; '.join(reasons)}")
        self.number, self.reasons, self.can_be_forced = number, reasons, can_be_forced


class RetrainInProgressError(RegularsError):
    """Another retrain is running in the same home; the message names its process."""


class PublishedModelError(RegularsError):
    """A published version that cannot go into service."""


class SignatureError(RegularsError):
    """A key or signature of a published version that cannot be trusted or used."""


class SettingsError(RegularsError):
    """A setting that cannot be used."""


class SettingsFileError(SettingsError):
    """The settings file, or a variable that stands for one of its settings, cannot be used; the message names it."""


class RateLimitError(SettingsError):
    """A rate limit that cannot be read."""


class ApiKeysError(SettingsError):
    """A file of API keys that cannot be used, or a key that cannot be made."""


class ServerStartError(RegularsError):
    """The service cannot start."""


class BatchScoresError(RegularsError):
    """A file, folder or table of batch scores that cannot be read, or a table that cannot be written."""


class ScoresUnreachableError(BatchScoresError):
    """The database of a table of batch scores does not answer, admits nobody or is busy: it may do so later."""


class CatalogueError(RegularsError):
    """A catalogue of actions, or rules of incentives, that cannot be used; the message names the file and the key."""


class PlanError(RegularsError):
    """A plan that cannot be made, read or used; the message names the limit, the folder or the column."""


class RecordError(RegularsError):
    """A file of records of what was done that cannot be read as such; a single bad row is quarantined instead."""


class PluginError(RegularsError):
    """A plugin that cannot be loaded; the message names its package and entry point."""


class DefinitionError(RegularsError):
    """A definition of a feature that cannot be computed or means nothing; the message names its family."""


class RequestRefusedError(RegularsError):
    """The service answered with a problem document.

    Attributes
    ----------
    problem : serving.response_types.Problem
        The document.
    """

    def __init__(self, message: str, problem: object = None) -> None:
        super().__init__(message)
        self.problem = problem


class KeyRefusedError(RequestRefusedError):
    """The service knows no such API key, or the key does not allow this (401, 403)."""


class ServiceBusyError(RequestRefusedError):
    """The service, or a proxy before it, cannot answer now (429, 502, 503, 504, 507), also after retries."""


class ServiceUnreachableError(RegularsError):
    """The service does not answer: no connection, or no answer in time; also after retries."""


class JobNotEndedError(RegularsError):
    """A job has not ended in the time that the client waited for it."""


class MissingExtraError(RegularsError):
    """A library of an optional extra is not installed; the message names the extra."""


class SparkError(RegularsError):
    """A share of work failed on a worker of Spark."""


class SparkMissingError(MissingExtraError):
    """PySpark, or the Java it runs on, is not installed."""
