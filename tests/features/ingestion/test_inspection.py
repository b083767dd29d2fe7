"""A sample says what its columns seem to be; what it does not settle is asked."""

import pyarrow as pa
import pytest

from features.ingestion.inspection import inspect_sample
from features.ingestion.inspection_result import Inspection
from features.ingestion.profile import load_profile, profile_names


def inspected(**columns: list[str]) -> Inspection:
    return inspect_sample({name.replace("_0_", " "): pa.array(values) for name, values in columns.items()})


def test_columns_are_found_by_name_and_content() -> None:
    """In several languages; each says how sure it is, and what no column says is a constant."""
    found = inspected(Kunde=["a", "b"], Datum=["31.12.2024", "1.2.2024"], Betrag=["1.234,50", "7"], Filiale=["x", "y"])
    assert found.profile.columns == {"event_time": "Datum", "customer_id": "Kunde", "amount": "Betrag"}
    assert found.profile.constants == {"event_type": "purchase"}
    assert found.profile.times.format == ("day_first",)
    assert (found.profile.amounts.decimal, found.profile.amounts.thousands) == (",", ".")
    assert found.sure["columns.customer_id"] == "likely"
    assert found.questions == []


def test_the_contracts_own_names_are_certain() -> None:
    """And need no profile."""
    found = inspected(customer_id=["a"], event_time=["2024-01-01"], event_type=["purchase"], amount=["1.5"])
    assert found.sure["columns.customer_id"] == "certain"
    assert found.sure["columns.event_time"].startswith("certain")
    assert (found.profile.constants, found.questions) == ({}, [])


@pytest.mark.parametrize(
    ("columns", "question"),
    [
        ({"client": ["a"], "day": ["1/2/2024"]}, "--time-format day_first"),
        ({"client": ["a"], "day": ["2024-01-01"], "total": ["1.500"]}, "--thousands '.'"),
        ({"xyzzy": ["a"], "day": ["2024-01-01"]}, "which column is customer_id?"),
        ({"client": ["a"], "nothing": ["b"]}, "which column is event_time?"),
        (
            {"client": ["a"] * 2, "day": ["2024-01-01"] * 2, "total": ["1"] * 2, "currency": ["EUR", "USD"]},
            "--currency EUR",
        ),
        ({"client": ["a"] * 2, "day": ["2024-01-01"] * 2, "status": ["paid", "void"]}, "which values of 'status'"),
        ({"client": ["a"] * 2, "day": ["2024-01-01"] * 2, "order_id": ["1", "1"]}, "one_event_per"),
        ({"client": ["a"], "day": ["2024-01-01"], "type": ["gift"]}, "--kinds gift=purchase"),
    ],
)
def test_what_the_sample_does_not_settle_is_a_question(columns: dict[str, list[str]], question: str) -> None:
    """With the key or the option that settles it."""
    assert any(question in text for text in inspected(**columns).questions)


@pytest.mark.parametrize(
    ("columns", "question"),
    [
        (
            {"email": ["A@x", "a@x"], "day": ["2024-01-01"] * 2},
            "are 'A@x' and 'a@x' one customer? If so give --fold-case",
        ),
        ({"visitor": ["a"], "day": ["2024-01-01"], "order id": ["1"]}, "--map customer_id=visitor"),
        ({"clients": ["a"], "day": ["2024-01-01"]}, "is 'clients' the customer, or rather a number of the order?"),
    ],
)
def test_customers_are_asked_about(columns: dict[str, list[str]], question: str) -> None:
    """Where ids differ in capitals alone, or the column's name says little."""
    found = inspect_sample({name: pa.array(values) for name, values in columns.items()})
    assert any(question in text for text in found.questions), found.questions


def test_codes_may_mean_capitals() -> None:
    """As those of Salesforce do: nothing is asked."""
    assert (
        inspected(
            Kunde=["0015g00AbCdE", "0015g00AbCde"], Datum=["31.12.2024", "1.2.2024"], Betrag=["1,5", "2"]
        ).questions
        == []
    )


def test_date_and_time_of_day_may_be_two_columns() -> None:
    """A date with a clock of its own needs none."""
    found = inspected(Kunde=["a", "b"], Datum=["31.12.2024", "1.2.2024"], Uhrzeit=["9:05", "17:30"])
    assert (found.profile.columns["event_time"], found.profile.times.clock_column) == ("Datum", "Uhrzeit")
    found = inspected(Kunde=["a", "b"], Datum=["31.12.2024 8:00", "1.2.2024 9:00"], Uhrzeit=["9:05", "17:30"])
    assert found.profile.times.clock_column == ""


@pytest.mark.parametrize("negative", ["-1.5", "(1.50)", "1.50-", "$ -1.50", "\N{MINUS SIGN}1.50", "($1.50)"])
def test_negative_amounts_are_noticed(negative: str) -> None:
    """However they are written, also where the columns are those of a plain table."""
    assert inspected(
        customer=["a"] * 2, date=["2024-01-01"] * 2, amount=["2.50", negative]
    ).profile.event_types.negative


def test_a_mark_that_no_value_of_the_sample_has_stays_open() -> None:
    """Rows after the sample may be the first that have one."""
    columns = {"client": ["a"], "day": ["2024-01-01"]}
    assert inspected(**columns, total=["12"]).profile.amounts.decimal == ""
    assert inspected(**columns, total=["12.5"]).profile.amounts.decimal == "."


def test_lines_signs_and_words_are_noticed() -> None:
    """Quantity times price, negative quantities, words of other shops."""
    found = inspected(
        client=["a", "b"], day=["2024-01-01"] * 2, qty=["2", "-1"], Unit_0_Price=["1.50", "2"], type=["Order", "refund"]
    )
    assert found.profile.amounts.expression == 'qty * "Unit Price"'
    assert found.profile.event_types.negative == "return"
    assert found.profile.event_types.values == {"Order": "purchase", "refund": "return"}


def test_a_known_layout_is_recognised() -> None:
    """By its columns, whatever else there is; a plain table has no more than columns, which are found anyway."""
    for name in profile_names():
        profile = load_profile(name)
        if name == "plain":
            continue
        columns = {*profile.columns.values(), *profile.own_columns(), "Something else"}
        found = inspect_sample({column: pa.array(["1"]) for column in columns})
        assert found.known == name


def test_whole_numbers_are_pinned() -> None:
    """So that one other id in a later file does not change how the rest is read."""
    ids = ["12346.0", "12347.0", "guest"]
    assert inspected(client=ids, day=["2024-01-01"] * 3).profile.ids.whole_numbers
    assert not inspected(client=[*ids, "K-77"], day=["2024-01-01"] * 4).profile.ids.whole_numbers


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Kunde", "Auftrag", "Datum", "Netto"), ("customer_id", "reference", "event_time", "amount")),
        (("Kundennr", "Bestellnummer", "Bestelldatum", "Brutto"), ("customer_id", "reference", "event_time", "amount")),
        (
            ("numéro_client", "N° commande", "date_commande", "total_ttc"),
            ("customer_id", "reference", "event_time", "amount"),
        ),
        (("Cliente", "Pedido", "Fecha pedido", "Importe (EUR)"), ("customer_id", "reference", "event_time", "amount")),
        (
            ("Klantnummer", "Factuurnummer", "Besteldatum", "Totaal incl. BTW"),
            ("customer_id", "reference", "event_time", "amount"),
        ),
        (("customerId", "orderId", "orderDate", "netSalesUSD"), ("customer_id", "reference", "event_time", "amount")),
        (("Klient", "Nr zamówienia", "Data zakupu", "Kwota"), ("customer_id", "reference", "event_time", "amount")),
    ],
)
def test_usual_names_of_shops_need_no_option(names: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """In other languages, with accents, currencies and words for taxes around them."""
    values = (["a", "b"], ["1", "2"], ["2024-01-31", "2024-02-01"], ["12.50", "7"])
    found = inspect_sample({name: pa.array(value) for name, value in zip(names, values, strict=True)})
    assert {own: theirs for theirs, own in found.profile.columns.items()} == dict(zip(names, expected, strict=True))
    assert not [text for text in found.questions if "amount" in text]


def test_net_or_gross_is_asked() -> None:
    """No name says which of two amounts counts; a price beside a quantity is neither."""
    columns = {"client": ["a"], "day": ["2024-01-01"]}
    [question] = inspected(**columns, Netto=["10"], Brutto=["11.90"]).questions
    assert question == "is amount the column 'Netto', or 'Brutto'?"
    assert inspected(**columns, qty=["2"], price=["1.50"], total=["3.00"]).questions == []


def test_a_source_without_amounts_is_asked_about() -> None:
    """Columns of numbers first; where none is left the question says what is missing."""
    columns = {"client": ["a"], "day": ["2024-01-01"]}
    [question] = inspected(**columns, shop=["Berlin"], xyz=["12.50"]).questions
    assert question == "no column seems to be an amount; is it one of 'xyz'? Give --map amount=xyz"
    [question] = inspected(**columns).questions
    assert "no column is left for amounts" in question


@pytest.mark.parametrize(
    "name", ["refunded", "refund", "amount_refunded", "erstattet", "remboursé", "Rückerstattung (EUR)"]
)
def test_what_was_given_back_is_asked_about(name: str) -> None:
    """An amount becomes a return; a mark of rows that were given back may leave them out; one without any is quiet."""
    columns = {"client": ["a", "b"], "day": ["2024-01-01"] * 2, "total": ["12.50", "8"]}
    found = inspected(**columns, **{name: ["0", "7.50"]})
    assert found.profile.amounts.refund == name.replace("_0_", " ")
    assert "--refund" in found.questions[0]
    flagged = inspected(**columns, **{name: ["false", "TRUE"]})
    assert flagged.profile.amounts.refund == ""
    assert "--leave-out" in flagged.questions[0]
    assert "=TRUE" in flagged.questions[0]
    assert inspected(**columns, **{name: ["false", "0"]}).questions == []
    [question] = inspected(**columns, **{name: ["partly", "no"]}).questions
    assert question.startswith(f"what does {name!r} say of a row?")


def test_years_of_two_digits_are_stated() -> None:
    """With what they are taken for."""
    found = inspected(client=["a", "b"], day=["31.12.19", "1.2.35"], total=["1.50", "2"])
    assert "00 to 68 are 2000 to 2068" in found.sure["times.format"]
    assert "years" not in inspected(client=["a", "b"], day=["31.12.1968", "1.2.2024"]).sure["times.format"]
