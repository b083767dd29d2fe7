"""The words that an event may contain: its type, and for each type its channels, goals and outcomes.

Events are stored with codes: a word's code is its position in its list. So a list only ever grows at its end, and what
was written with other lists says so; `conflict` compares the two.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from features.errors import EventWordsError

LONGEST_LIST = 250
"""Codes have one byte, and the highest stand for an absent and for an unknown word."""
LONGEST_WORD = 60
PATTERN = re.compile(r"[a-z][a-z0-9]+(_[a-z0-9]+)*")
RESERVED = frozenset({"never", "null", "none", "nan", "true", "false", "sale"})
"""Texts that files and expressions of features use for something else; `sale` is a purchase less its returns."""


@dataclass(frozen=True)
class EventWords:
    """Lists of event words: a whole set, or what a plugin or the settings file adds to one.

    Attributes
    ----------
    types : tuple of str
        Event types, in the order of events at the same time.
    channels, goals, outcomes : mapping of str to tuple of str
        The words of each event type; a type without a list has free text, which is not stored.
    amounts : tuple of str
        The event types whose `amount` is money paid or given back.

    Raises
    ------
    EventWordsError
        For a word of other characters or a reserved one, a word that comes twice in a list, or too many words.

    Examples
    --------
    >>> bank = EventWords(types=("deposit", "loan"), channels={"visit": ("wechat",)}, amounts=("deposit",))
    >>> words = BUILT_IN_WORDS.plus(bank, "the plugin bank")
    >>> words.types.index("deposit"), words.channels["visit"][-1]
    (6, 'wechat')
    """

    types: tuple[str, ...] = field(default=(), metadata={"example": ("deposit", "service_ticket")})
    channels: Mapping[str, tuple[str, ...]] = field(default_factory=dict, metadata={"example": {"visit": ("wechat",)}})
    goals: Mapping[str, tuple[str, ...]] = field(default_factory=dict, metadata={"example": {"visit": ("renewal",)}})
    outcomes: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict, metadata={"example": {"service_ticket": ("solved", "open")}}
    )
    amounts: tuple[str, ...] = field(default=(), metadata={"example": ("deposit",)})

    def __post_init__(self) -> None:
        for name in ("types", "amounts"):
            object.__setattr__(self, name, _words(name, getattr(self, name)))
        for name in LISTS_BY_TYPE:
            by_type = getattr(self, name)
            if not isinstance(by_type, Mapping):
                raise EventWordsError(f"{name} is {by_type!r}: expected lists of words by event type")
            lists = {event_type: _words(f"{name} of {event_type}", words) for event_type, words in by_type.items()}
            object.__setattr__(self, name, {event_type: words for event_type, words in lists.items() if words})

    def plus(self, added: "EventWords", origin: str) -> "EventWords":
        """Return these words with others after them.

        Parameters
        ----------
        added : EventWords
        origin : str
            Where the added words come from, for messages.

        Returns
        -------
        EventWords

        Raises
        ------
        EventWordsError
            When a word is there already, a list grows too long, or words are for a type that there is not.
        """
        try:
            types = _joined("types", self.types, added.types)
            lists = {}
            for name in LISTS_BY_TYPE:
                own, more = getattr(self, name), getattr(added, name)
                _check_types(name, more, types)
                lists[name] = own | {t: _joined(f"{name} of {t}", own.get(t, ()), words) for t, words in more.items()}
            _check_types("amounts", added.amounts, types)
            return EventWords(types, **lists, amounts=_joined("amounts", self.amounts, added.amounts))
        except EventWordsError as error:
            raise EventWordsError(f"{origin}: {error}") from None

    def lists(self) -> dict[str, tuple[str, ...]]:
        """Return the lists that codes are positions of, by name."""
        lists = {"types": self.types}
        for name in LISTS_BY_TYPE:
            lists |= {f"{name} of {event_type}": words for event_type, words in getattr(self, name).items()}
        return lists

    def as_dict(self) -> dict[str, Any]:
        """Return the words as lists and dictionaries, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, words: Mapping[str, Any]) -> Self:
        """Return the words of `as_dict`; raises EventWordsError for anything else."""
        names = [field.name for field in fields(cls)]
        if not isinstance(words, Mapping) or words.keys() - names:
            raise EventWordsError(f"found {words!r}: expected {', '.join(names)}")
        return cls(**words)


LISTS_BY_TYPE = ("channels", "goals", "outcomes")


def conflict(stored: EventWords, known: EventWords) -> str | None:
    """Return None if codes of the stored words can be read with the known ones, else what differs and what to do.

    Every stored word must be known, and the known ones in the same order: events at the same time are sorted by their
    codes, and features depend on that order. Other words may stand between them.
    """
    for name, words in stored.lists().items():
        today = known.lists().get(name, ())
        if unknown := [word for word in words if word not in today]:
            what = f"the event type {unknown[0]!r}" if name == "types" else f"the word {unknown[0]!r} in {name}"
            more = f" and {len(unknown) - 1} more" if unknown[1:] else ""
            return (
                f"{what}{more}, not known here: add it to [events] in regulars.toml, or install the plugin that has it"
            )
        positions = [today.index(word) for word in words]
        if positions != sorted(positions):
            return (
                f"{name} in the order {', '.join(words)}, here {', '.join(w for w in today if w in words)}: "
                "put them into that order in [events] of regulars.toml"
            )
    return None


def _words(name: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return a list of words as a tuple, or raise EventWordsError."""
    if isinstance(words, str) or not isinstance(words, Sequence):
        raise EventWordsError(f"{name} is {words!r}: expected a list of words")
    for word in words:
        if not isinstance(word, str) or not PATTERN.fullmatch(word) or len(word) > LONGEST_WORD:
            raise EventWordsError(
                f"{name} has {word!r}: expected a word like service_ticket, of lower-case letters, digits and single "
                f"underscores, 2 to {LONGEST_WORD} characters"
            )
        if word in RESERVED:
            raise EventWordsError(f"{name} has {word!r}, which is reserved: choose another word")
    return _joined(name, (), tuple(words))


def _joined(name: str, first: tuple[str, ...], then: tuple[str, ...]) -> tuple[str, ...]:
    joined = first + then
    if repeated := [word for place, word in enumerate(joined) if word in joined[:place]]:
        there = "is there already" if repeated[0] in first else "comes twice"
        raise EventWordsError(f"{name}: {repeated[0]!r} {there}: name it once")
    if len(joined) > LONGEST_LIST:
        raise EventWordsError(f"{name} has {len(joined)} words: expected {LONGEST_LIST} at most")
    return joined


def _check_types(name: str, found: Sequence[str] | Mapping[str, Any], types: tuple[str, ...]) -> None:
    for event_type in found:
        if event_type not in types:
            raise EventWordsError(
                f"{name} has the event type {event_type!r}, which there is not: add it to types, or choose one of "
                f"{', '.join(types)}"
            )


BUILT_IN_WORDS = EventWords(
    # In the order of events at the same time: a visit may lead to the purchase of the same second, not vice versa.
    types=("visit", "incentive", "usage", "purchase", "return", "feedback"),
    channels={"visit": ("face_to_face", "phone", "email"), "incentive": ("coupon", "discount", "points", "rate")},
    goals={"visit": ("purchase_count", "purchase_value", "satisfaction", "loyalty")},
    outcomes={
        "visit": ("ordered", "interested", "neutral", "refused", "no_contact"),
        "incentive": ("sent", "redeemed", "expired"),
    },
    amounts=("purchase", "return"),
)
"""The words of every installation. Stores and models that do not name their words were made with these or with the
first of these, so a new one goes to the end of its list."""
