"""A large request is decoded in pieces: the same answer, and the same error at the same place, as decoded at once."""

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serving.api import json_pieces, request_body
from serving.api.json_pieces import Piece, pieces_of
from serving.api.problem_details import ProblemError
from serving.api.request_body import decode_json
from serving.request_types import CustomersRequest, FeaturesRequest, ScoreRequest
from tests.serving.asking import feature_row

DECODERS = [msgspec.json.Decoder(type_).decode for type_ in (ScoreRequest, FeaturesRequest, CustomersRequest)]
IDS = st.sampled_from(["a", 'b"', "c\\", "],{\u00e9", "[e:\U0001f600"])
WORDS = st.text('a"\\,[]{}: \n\u00e9\ud7ff\U0001f600', max_size=6)
EVENTS = st.fixed_dictionaries(
    {"event_type": st.sampled_from(["usage", "visit", "purchase"]), "event_time": st.just("2011-03-20")},
    optional={"content": st.none() | WORDS, "amount": st.integers(0, 9), "reference": WORDS},
)
CUSTOMERS = st.fixed_dictionaries({"customer_id": IDS, "events": st.lists(EVENTS, max_size=3)})
ROWS = st.builds(lambda name, value: feature_row(customer_id=name, gap_std=value), IDS, st.none() | st.integers(0, 1))
PARAMETERS = {"as_of": st.just("2011-06-10"), "horizon_days": st.integers(1, 9) | st.none()}
LISTS = [
    {"customers": st.lists(CUSTOMERS, min_size=2, max_size=8)},
    {"rows": st.lists(ROWS, min_size=2, max_size=4)},
    {"customer_ids": st.lists(IDS | st.integers(), min_size=2, max_size=20)},
]
SPACES = st.sampled_from([None, 1, "\t"])


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, Callable[[bytes], Any]]:
    """A request in some order and form, often with a few bytes changed, added or taken away, and its decoder."""
    kind = draw(st.integers(0, 2))
    request = st.fixed_dictionaries(LISTS[kind], optional=PARAMETERS if kind < 2 else None)
    items = draw(request.map(lambda request: list(request.items())).flatmap(st.permutations))
    body = json.dumps(dict(items), ensure_ascii=draw(st.booleans()), indent=draw(SPACES)).encode("utf-8")
    for _ in range(draw(st.sampled_from([0, 1, 1, 2]))):
        at = draw(st.integers(0, len(body)))
        length = draw(st.sampled_from([0, 0, 1, 5]))
        new = draw(st.sampled_from([*b'{}[],:"\\ \n\x00\xff1aN'])) if draw(st.booleans()) else None
        body = body[:at] + (b"" if new is None else bytes([new])) + body[at + length :]
    if draw(st.sampled_from([False, False, True])):
        at = draw(st.integers(0, len(body)))
        body = body[:at] + body[draw(st.integers(0, at)) : at] + body[at:]
    return body, DECODERS[kind]


def outcome(body: bytes, decode: Callable[[bytes], Any], pieces: Any) -> object:
    """What becomes of a body that is decoded in these pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(request_body, "pieces_of", pieces)
        try:
            return msgspec.json.encode(decode_json(body, decode))
        except ProblemError as error:
            return error.kind, error.detail, error.faults


@settings(max_examples=150)
@given(bodies(), st.integers(1, 200))
@example((b'{"customer_ids": ["aaaa", "bbbb", ]}', DECODERS[2]), 1)
@example((b'{"customer_ids": ["aaaa",, "bbbb"]}', DECODERS[2]), 1)
@example((b'{"customer_ids": [,"aaaa", "bbbb"]}', DECODERS[2]), 1)
@example((b'{"customer_ids": ["aaaa", "bbbb"], "customer_ids": ["c"]}', DECODERS[2]), 1)
@example((b'{"customer_ids": ["aaaa\\\\", "\\"],", "bbbb"]} {}', DECODERS[2]), 1)
@example((b'{"as_of": "2011-06-10", "customers": [{"customer_id": "a", "events": []}], "as_of": null}', DECODERS[0]), 1)
def test_pieces_are_the_whole(request: tuple[bytes, Callable[[bytes], Any]], step: int) -> None:
    """Whatever is in a body, and wherever it is cut."""
    body, decode = request
    whole = outcome(body, decode, lambda body: [Piece(body)])
    assert outcome(body, decode, lambda body: pieces_of(body, step)) == whole


@pytest.mark.parametrize("count", [2**21, 2**21 + 1])
def test_backslashes_without_end_cost_no_memory(count: int) -> None:
    """The scan looks at one step at a time, whatever is in it; an even run ends the text at the quotation mark."""
    body = b'{"customer_ids": ["' + b"\\" * count + b'", "b", "c' + b"x" * 2**19 + b'", "d"]}'
    tracemalloc.start()
    try:
        cuts = list(json_pieces._cuts(body, body.index(b"[") + 1, json_pieces.STEP))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 * json_pieces.STEP
    assert bool(cuts) == (count % 2 == 0)


def test_a_large_body_is_decoded_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """None takes long, others have their turn after each, and a fault at the end has the path that it has."""
    customer = {"customer_id": "a", "events": [{"event_type": "usage", "event_time": "2011-03-20"}] * 100}
    request = {"as_of": "2011-06-10", "customers": [customer] * 400, "horizon_days": 90}
    body = json.dumps(request).encode()
    sizes, turns = [], []
    monkeypatch.setattr(request_body, "checkpoint", lambda: turns.append(1))

    def decode(text: bytes) -> Any:
        sizes.append(len(text))
        return DECODERS[0](text)

    decoded = decode_json(body, decode)
    assert msgspec.json.encode(decoded) == msgspec.json.encode(DECODERS[0](body))
    assert max(sizes) < 2 * json_pieces.STEP < len(body)
    assert len(sizes) == len(turns) > 5
    with pytest.raises(ProblemError, match=r"^customers/400/customer_id: ") as caught:
        decode_json(json.dumps(request | {"customers": [customer] * 400 + [{"customer_id": 0.5}]}).encode(), decode)
    assert caught.value.faults[0][0] == "customers/400/customer_id"


@pytest.mark.parametrize("body", [b"", b"[" * 10**6, b'{"columns": {"a": [' + b"1," * 10**6, b" " * 10**6 + b'{"a": ['])
def test_what_has_no_list_to_cut_is_whole(body: bytes) -> None:
    """Such as columns, which are decoded one by one later."""
    assert list(pieces_of(body)) == [Piece(body)]
