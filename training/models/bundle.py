"""The bundle of a version on disk: file names, the card, digests and the comparison of library versions.

Training writes bundles and serving reads them, so both import this module. It loads neither NumPy nor pandas.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple, Self

from features.atomic_file import atomic_write, file_digest
from features.errors import EventWordsError, ModelError
from features.event_words import BUILT_IN_WORDS, EventWords, conflict
from features.schema import RATING_MAXIMUM, WORDS

REGISTERED_NAME = "regulars"
"""The name of the one model in MLflow's registry and in BentoML's model store."""
CHAMPION, CHALLENGER = "champion", "challenger"
"""Registry aliases: the version in service, and the candidate to replace it."""
BUNDLE = "bundle"
"""The folder of a bundle, within an MLflow model and within a published version."""
MODEL_FILE, CARD_FILE, COMPILED_FILE = "model.joblib", "card.json", "compiled.json"
LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy", "joblib")
"""The libraries whose releases decide whether a pickled model can be read."""
OUTPUTS = ("expected_purchases", "low", "high", "churn_probability", "expected_spend")
"""The columns of a forecast."""


@dataclass(frozen=True)
class Card:
    """The facts of a version: what it was fitted to, and with which libraries.

    Attributes
    ----------
    as_of : str
        The cutoff, an ISO date: the version learnt from events before that midnight.
    timezone : str
        The business time zone of the store.
    horizons : tuple of int
        The horizons it learnt from, in days.
    data_digest : str
        The digest of the event store.
    customers : int
        How many customers it learnt from.
    feature_columns : tuple of str
        The columns of the feature table that it needs.
    formula_version : str
        The version of the loyalty formula.
    code_version : str
        The version of Regulars that fitted it.
    libraries : mapping of str to str
        The installed version of each of `LIBRARIES`, and of the packages that the model of purchases comes from.
    rating_maximum : float
        The highest rating in the store. Cards without it are of the time when there was one scale.
    words : EventWords
        The event words of the store. Cards without them are of the time when there were the built-in ones only.
    model : str
        The name of the model of purchases; empty on the cards of earlier releases.
    plugins : tuple of str
        The packages that added event words or feature columns, each as "name version". Another version will do as long
        as it has them.
    """

    as_of: str
    timezone: str
    horizons: tuple[int, ...]
    data_digest: str
    customers: int
    feature_columns: tuple[str, ...]
    formula_version: str
    code_version: str
    libraries: Mapping[str, str]
    rating_maximum: float = RATING_MAXIMUM
    words: EventWords = BUILT_IN_WORDS
    model: str = ""
    plugins: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Write the card into the bundle in `folder`."""
        with atomic_write(folder / CARD_FILE) as part:
            part.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the card of the bundle in `folder`.

        Raises
        ------
        ModelError
            The file is missing or is not a card.
        """
        try:
            facts: dict[str, Any] = json.loads((folder / CARD_FILE).read_text())
            values = {
                field.name: facts[field.name]
                for field in fields(cls)
                if field.name in facts or field.default is MISSING
            }
            if "words" in values:
                values["words"] = EventWords.from_dict(values["words"])
            values |= {name: tuple(values.get(name, ())) for name in ("horizons", "feature_columns", "plugins")}
            if "rating_maximum" in values:
                values["rating_maximum"] = float(values["rating_maximum"])
            libraries = {name: str(release) for name, release in dict(values["libraries"]).items()}
            return cls(**values | {"libraries": libraries})
        except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError, EventWordsError) as error:
            raise ModelError(f"{folder / CARD_FILE} is not the card of a model ({error!r}): publish it again") from None

    def require_known_words(self) -> None:
        """Raise ModelError if the version was fitted with event words that are not known here, or in another order."""
        if difference := conflict(self.words, WORDS):
            raise ModelError(
                f"the model was fitted with {difference}, or fit a version with the words of today"
                + self._plugins_missing()
            )

    def require_known_columns(self, names: Collection[str]) -> None:
        """Raise ModelError if the version reads feature columns that are not among these."""
        if unknown := [name for name in self.feature_columns if name not in names]:
            more = f" and {len(unknown) - 5} more" if unknown[5:] else ""
            raise ModelError(
                f"the model reads {', '.join(map(str, unknown[:5]))}{more}, which are no features here: install the "
                f"version of its card, or fit and publish again{self._plugins_missing()}"
            )

    def _plugins_missing(self) -> str:
        """Return, to end a message with, which packages with plugins the version was fitted with that are not here."""
        missing = [package for package in self.plugins if _installed(package.split()[0]) is None]
        return f" (it was fitted with {', '.join(missing)}, not installed here)" if missing else ""

    def require_rating_scale(self, rating_maximum: float) -> None:
        """Raise ModelError if the version learnt from ratings of another scale than a store has."""
        if self.rating_maximum != rating_maximum:
            raise ModelError(
                f"the model learnt from ratings up to {self.rating_maximum:.15g}, the store has ratings up to "
                f"{rating_maximum:.15g}: fit a version on this store, or ingest with --rating-maximum "
                f"{self.rating_maximum:.15g}"
            )


class OtherRelease(NamedTuple):
    """A library of which another release is installed than a version was fitted with (None: it is not installed)."""

    library: str
    fitted_with: str
    installed: str | None


def model_digest(folder: str | Path) -> str:
    """Return the SHA-256 of the bundle's model file, in hex."""
    return file_digest(Path(folder) / MODEL_FILE)


def other_releases(libraries: Mapping[str, str]) -> list[OtherRelease]:
    """Return the libraries of which another release is installed here.

    A release is major.minor. scikit-learn reads its pickles in the release that wrote them only; patch versions do not
    change the format of a pickle.
    """
    installed = {library: _installed(library) for library in libraries}
    return [
        OtherRelease(library, fitted_with, installed[library])
        for library, fitted_with in libraries.items()
        if not _same_release(fitted_with, installed[library])
    ]


def unreadable_reason(folder: Path) -> str:
    """Return in one line why the model of a bundle may be unreadable, from its card, and what to do."""
    differences = other_releases(Card.read(folder).libraries)
    if not differences:
        return "fit it anew"
    made_with = ", ".join(
        f"{library} {fitted_with} (here {installed or 'none'})" for library, fitted_with, installed in differences
    )
    return f"it was made with {made_with}: install those releases, or fit it anew"


def _same_release(fitted_with: str, installed: str | None) -> bool:
    release = fitted_with.split(".")[:2]
    return installed is not None and installed.split(".")[: len(release)] == release


def _installed(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
