"""The words of files: every word that can stand in one has a Chinese."""

from features.event_words import BUILT_IN_WORDS
from planning.files.translations import WORDS_ZH, in_chinese, in_english
from planning.record_rows import SKIP_REASONS, STATUSES


def test_every_word_has_a_chinese() -> None:
    """Of the event log's built-in words for visits and incentives, of statuses and reasons."""
    words = {*SKIP_REASONS, *STATUSES, "visit", "incentive"}
    for lists in (BUILT_IN_WORDS.channels, BUILT_IN_WORDS.goals, BUILT_IN_WORDS.outcomes):
        words |= {word for kind in ("visit", "incentive") for word in lists.get(kind, ())}
    assert words - set(WORDS_ZH) == set()


def test_own_words_stay() -> None:
    """A firm's own word is shown without underscores; none is an empty text."""
    assert in_chinese("garden_party") == in_english("garden_party") == "garden party"
    assert in_english(None) == in_chinese(None) == ""
