"""Usual names of columns in the exports of shops, and how well a column fits one by its name and its values."""

import re
from difflib import SequenceMatcher

import pyarrow as pa
import pyarrow.compute as pc

from features.ingestion.column_mapping import letters

NAMES = {
    "customer_id": (
        "customer_id customer customerid client clientid user userid account accountid email buyer member kunde "
        "kundennummer cust cusid custid customeremail emailbilling associatedcompanyids contactid cliente company "
        "household householdid kundennr kundenid kundin mitglied mitgliedsnummer debitor konto klant kund codecliente "
        "客户 客户编号 客户id 客户号 会员 会员号 会员id 会员编号 用户 用户id 用户编号 买家 顾客"
    ),
    "event_time": (
        "event_time date time timestamp datetime created createdat createdon orderdate invoicedate purchasedate paidat "
        "transactiondate closedate datum when buydate day orderedat bookingdate fecha "
        "bestelldatum rechnungsdatum kaufdatum buchungsdatum belegdatum verkaufsdatum zeit zeitpunkt tag data "
        "日期 时间 下单时间 下单日期 订单时间 订单日期 付款时间 支付时间 交易时间 交易日期 购买日期 购买时间"
    ),
    "amount": (
        "amount total price sum value revenue subtotal ordertotal grandtotal totalprice netamount grossamount betrag "
        "spend sales subtotalamount ordertotalamount importe umsatz paid salesvalue "
        "gesamtbetrag nettobetrag bruttobetrag gesamtsumme gesamtpreis summe preis wert montant importo bedrag belopp "
        "金额 订单金额 实付金额 支付金额 付款金额 交易金额 消费金额 总金额 总价 销售额"
    ),
    "event_type": (
        "event_type type kind event transactiontype action art typ vorgang vorgangsart buchungsart 类型 事件 交易类型"
    ),
    "reference": (
        "reference orderid ordernumber order invoice invoiceno invoicenumber receipt receiptid transactionid basketid "
        "documentno belegnummer dealid opportunityid recordid orderno ticket "
        "bestellnummer bestellnr rechnungsnummer rechnungsnr auftragsnummer auftragsnr belegnr bonnummer pedido "
        "订单号 订单编号 订单id 单号 交易号 流水号"
    ),
    "sale_reference": (
        "sale_reference originalorder originalorderid originalordernumber originalinvoice originalinvoiceno "
        "originalreceipt originaltransactionid refundedorder refundedorderid parentorder parentorderid"
    ),
    "recorded_at": "recorded_at updatedat modifiedat lastmodified loadedat",
}
"""Usual names of the contract's columns, in small letters without marks, the contract's own first."""
QUANTITY = "quantity qty units count menge pieces anzahl stück 数量"
UNIT_PRICE = "unitprice price priceeach itemprice stueckpreis rate stückpreis einzelpreis 单价"
CLOCKS = "time timeofday ordertime saletime clock uhrzeit zeit heure hora 时间 时刻"
CLOCK = r"^\d{1,2}[:.h]\d{2}([:.]\d{2}(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?$"
AMOUNT = r"^\W*([A-Za-z]{1,4}[.$]?\W*)?[\d.,][^:/]*(/-)?$"
STATUS = "status state stage orderstatus financialstatus dealstage paymentstatus bestellstatus 状态 订单状态"


def name_score(name: str, log_column: str) -> float:
    """Return how near a column's name is to the usual ones of a log column, 0 to 1.

    A usual name of something else is not near: `amount` is no misspelt `account`.

    Examples
    --------
    >>> [round(name_score(name, "customer_id"), 2) for name in ["Customer ID", "customers", "amount"]]
    [1.0, 0.75, 0.0]
    """
    own = letters(name)
    usual = [letters(each) for each in NAMES[log_column].split()]
    if own in usual:
        return 1.0 - 0.1 * usual.index(own) / len(usual)
    others = " ".join([*NAMES.values(), QUANTITY, UNIT_PRICE, STATUS, CLOCKS]).split()
    if len(own) < 4 or own in map(letters, others):  # so short a name is near to anything
        return 0.0
    return 0.8 * max(SequenceMatcher(None, own, each).ratio() for each in usual)


def fits(log_column: str, column: pa.Array) -> float:
    """Return 1 where the values can be those of a log column, 0 where they cannot."""
    if log_column in ("event_time", "recorded_at"):
        if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
            return 1.0
        return float(share(column, r"\d.*\d.*\d.*\d") > 0.5 and share(column, CLOCK) < 0.5)
    if log_column == "amount":
        return float(is_number(column) or share(column, AMOUNT) > 0.5)
    return 1.0


def share(column: pa.Array, pattern: str) -> float:
    """Return the share of the texts that are not blank in which a pattern is found."""
    texts = texts_of(column)
    texts = texts.filter(pc.greater(pc.utf8_length(texts), 0))
    return sum(bool(re.search(pattern, text)) for text in texts.to_pylist()) / max(len(texts), 1)


def words_of(column: pa.Array) -> list[str]:
    """Return the different texts of a column, without blank ones."""
    return [word for word in texts_of(column).unique().to_pylist() if word]


def texts_of(column: pa.Array) -> pa.StringArray:
    """Return a column as texts without white space around them, without null."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return pc.utf8_trim_whitespace(column.cast(pa.string())).drop_null()


def is_number(column: pa.Array) -> bool:
    """Return whether a column has a type of numbers."""
    return bool(
        pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)
    )


MEANINGS = {
    "": "unpaid cancel storniert abgebrochen void fail pending declin reject draft open quote 取消 未付",
    "return": "return refund credit chargeback reversal storno retoure erstattung gutschrift rückgabe 退款 退货",
    "purchase": (
        "purchase order sale sold paid buy bought invoice payment charge completed kauf bestellung verkauf 购买 订单"
    ),
}
"""What is in the words of shops for an event type; the first that fits counts, and "" has to be asked."""


def event_type_of(word: str) -> str:
    """Return the contract's event type that a word seems to mean, or "".

    Examples
    --------
    >>> [event_type_of(word) for word in ["Order", "order refunded", "unpaid", "gift"]]
    ['purchase', 'return', '', '']
    """
    own = letters(word)
    return next((kind for kind, words in MEANINGS.items() if any(each in own for each in words.split())), "")
