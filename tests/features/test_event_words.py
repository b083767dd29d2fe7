"""Event words: wrong ones are one line each, lists grow at their ends, and other lists are read or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import EventWordsError
from features.event_words import BUILT_IN_WORDS, LONGEST_LIST, RESERVED, EventWords, conflict

BANK = EventWords(
    types=("deposit", "loan"), channels={"visit": ("wechat",), "loan": ("branch", "app")}, amounts=("deposit",)
)


def test_added_words_come_after_the_others() -> None:
    """Codes of the words that were there stay as they are."""
    words = BUILT_IN_WORDS.plus(BANK, "here")
    assert words.types == (*BUILT_IN_WORDS.types, "deposit", "loan")
    assert words.channels["visit"] == (*BUILT_IN_WORDS.channels["visit"], "wechat")
    assert words.channels["loan"] == ("branch", "app")
    assert words.channels["incentive"] == BUILT_IN_WORDS.channels["incentive"]
    assert words.amounts == ("purchase", "return", "deposit")
    assert conflict(BUILT_IN_WORDS, words) is None


@pytest.mark.parametrize(
    "word", ["Trip", "trip!", "a", "2trip", "trip__x", "trip_", "_trip", "", " trip", "微信", 7, "x" * 61]
)
def test_a_word_of_other_characters_is_refused(word: str) -> None:
    """The message shows the word and what one looks like."""
    with pytest.raises(EventWordsError, match=r"^types has .*: expected a word like service_ticket") as error:
        EventWords(types=(word,))
    assert repr(word) in str(error.value)


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_a_reserved_word_is_refused(word: str) -> None:
    """Files and expressions use it for something else."""
    with pytest.raises(EventWordsError, match=f"channels of visit has '{word}', which is reserved: choose another"):
        EventWords(channels={"visit": (word,)})


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ({"types": ("trip", "trip")}, "types: 'trip' comes twice: name it once"),
        ({"types": ("visit",)}, "here: types: 'visit' is there already: name it once"),
        ({"outcomes": {"visit": ("refused",)}}, "here: outcomes of visit: 'refused' is there already: name it once"),
        ({"channels": {"trip": ("bus",)}}, "here: channels has the event type 'trip', which there is not: add it to"),
        ({"amounts": ("trip",)}, "here: amounts has the event type 'trip', which there is not: add it to types"),
        ({"types": "trip"}, "types is 'trip': expected a list of words"),
        ({"types": 3}, "types is 3: expected a list of words"),
        ({"goals": ("a",)}, r"goals is \('a',\): expected lists of words by event type"),
        ({"goals": {"visit": "fun"}}, "goals of visit is 'fun': expected a list of words"),
        ({"types": tuple(f"t{n}" for n in range(LONGEST_LIST + 1))}, "types has 251 words: expected 250 at most"),
        ({"types": tuple(f"t{n}" for n in range(LONGEST_LIST))}, "here: types has 256 words: expected 250 at most"),
    ],
)
def test_words_that_cannot_be_used(added: dict, message: str) -> None:  # type: ignore[type-arg]
    """Each one is one line that says where it stands."""
    with pytest.raises(EventWordsError, match=f"^{message}") as error:
        BUILT_IN_WORDS.plus(EventWords(**added), "here")
    assert "\n" not in str(error.value)


def test_words_come_back_from_json() -> None:
    """A list of another name is refused."""
    words = BUILT_IN_WORDS.plus(BANK, "here")
    assert EventWords.from_dict(words.as_dict()) == words
    with pytest.raises(EventWordsError, match="expected types, channels, goals, outcomes, amounts"):
        EventWords.from_dict({"kinds": []})


def test_an_unknown_word_is_named_with_the_cure() -> None:
    """For a type, and for a word of a type; the number of others is said."""
    stored = BUILT_IN_WORDS.plus(BANK, "here")
    assert conflict(stored, BUILT_IN_WORDS) == (
        "the event type 'deposit' and 1 more, not known here: add it to [events] in regulars.toml, or install the "
        "plugin that has it"
    )
    without = BUILT_IN_WORDS.plus(EventWords(types=("deposit", "loan"), channels={"loan": ("branch", "app")}), "here")
    assert str(conflict(stored, without)).startswith("the word 'wechat' in channels of visit, not known here: add it")


def test_another_order_is_named_with_the_cure() -> None:
    """Both orders are shown, of the words in question alone."""
    turned = BUILT_IN_WORDS.plus(EventWords(types=("trip", "loan", "deposit")), "here")
    stored = BUILT_IN_WORDS.plus(EventWords(types=("deposit", "loan")), "here")
    built_in = ", ".join(BUILT_IN_WORDS.types)
    assert conflict(stored, turned) == (
        f"types in the order {built_in}, deposit, loan, here {built_in}, loan, deposit: put them into that order in "
        "[events] of regulars.toml"
    )


@given(st.permutations(["deposit", "loan", "trip", "ticket"]), st.data())
def test_words_are_read_if_and_only_if_their_order_stays(order: list[str], data: st.DataObject) -> None:
    """Whatever else is there: a stored list must be a part of today's, in its order."""
    stored = tuple(data.draw(st.lists(st.sampled_from(order), unique=True, max_size=4)))
    today = tuple(order[: data.draw(st.integers(0, 4))])
    by_type = {"visit": stored}
    rest = iter(today)
    in_order = all(word in rest for word in stored)
    assert (conflict(EventWords(types=stored), EventWords(types=today)) is None) == in_order
    found = conflict(EventWords(("visit",), outcomes=by_type), EventWords(("visit",), outcomes={"visit": today}))
    assert (found is None) == in_order
