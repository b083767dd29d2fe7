"""Usual names of columns in the exports of shops, and how well a column fits one by its name and its values."""

import re
import unicodedata
from difflib import SequenceMatcher

import pyarrow as pa
import pyarrow.compute as pc

from features.ingestion.currencies import is_currency_sign

CURRENCY_NAMES = (
    "(amount|order|transaction|settlement|payment)?(currency|currencycode|currencyisocode|ccy)"
    "|währung|waehrung|devise|moneda|币种|货币"
)
"""Names of columns with the currency of each row, in small letters; such a column is looked at in any case."""
NAMES = {
    "customer_id": (
        "customer_id customer customerid client clientid user userid account accountid email buyer buyerid shopper "
        "shopperid member kunde kundennummer cust cusid custid custno customerno customernumber customeremail "
        "emailbilling emailaddress associatedcompanyids contactid contact cliente company household householdid "
        "patient guest loyaltyid loyaltycard cardnumber memberid membernumber membershipid payer subscriber "
        "kundennr kundenid kundin kundenkonto kundenemail besteller käufer mitglied mitgliedsnummer debitor "
        "debitorennummer konto gast klant klantnummer klantid klantnr kund kundnummer kundenummer kundenrnr kundeid "
        "codecliente codeclient idclient numeroclient numclient nclient refclient acheteur adhérent abonné "
        "idcliente numerocliente comprador socio usuario utente acquirente assinante klient idklienta numerklienta "
        "nabywca zákazník asiakas asiakasnumero müşteri клиент покупатель 顧客 顧客番号 顧客id 会員番号 고객 고객번호 "
        "客户 客户编号 客户id 客户号 会员 会员号 会员id 会员编号 用户 用户id 用户编号 买家 顾客"
    ),
    "event_time": (
        "event_time date time timestamp datetime created createdat createdon orderdate invoicedate purchasedate paidat "
        "transactiondate closedate datum when buydate day orderedat bookingdate fecha saledate salesdate receiptdate "
        "paymentdate bestelldatum rechnungsdatum kaufdatum buchungsdatum belegdatum verkaufsdatum auftragsdatum "
        "zahlungsdatum bondatum erstellt erstelltam zeit zeitpunkt zeitstempel tag data dato päivämäärä tarih "
        "datecommande datedecommande datefacture dateachat datedachat datevente datepaiement jour horodatage "
        "fechapedido fechadepedido fechacompra fechadecompra fechafactura fechaventa dataordine dataacquisto "
        "datafattura datavendita datacompra datapedido datavenda dataencomenda orderdatum besteldatum factuurdatum "
        "aankoopdatum datazamówienia datazakupu datasprzedaży дата дататранзакции датазаказа 注文日 購入日 日時 주문일 "
        "日期 时间 下单时间 下单日期 订单时间 订单日期 付款时间 支付时间 交易时间 交易日期 购买日期 购买时间"
    ),
    "amount": (
        "amount total price sum value revenue subtotal ordertotal grandtotal totalprice netamount grossamount betrag "
        "spend sales subtotalamount ordertotalamount importe umsatz paid salesvalue turnover netsales grosssales "
        "netvalue grossvalue nettotal grosstotal totalpaid amountpaid orderamount orderamt amt invoiceamount "
        "transactionamount paymentamount purchaseamount ordervalue basketvalue "
        "gesamt gesamtbetrag nettobetrag bruttobetrag gesamtsumme gesamtpreis summe preis wert warenwert warenkorbwert "
        "rechnungsbetrag zahlbetrag endbetrag endsumme erlös rechnungssumme auftragswert bestellwert kaufbetrag "
        "verkaufspreis nettoumsatz bruttoumsatz nettopreis bruttopreis nettowert bruttowert netto brutto "
        "montant montanttotal prix prixtotal totalttc totalht ttc ht chiffredaffaires ca somme valeur vente "
        "importetotal precio preciototal valor valortotal monto montototal venta ventas preço "
        "importo importototale totale prezzo prezzototale vendita vendite fatturato incasso "
        "bedrag totaalbedrag totaal prijs omzet belopp summa pris beløb beløp summ kwota wartość cena suma razem "
        "částka hinta tutar toplam fiyat сумма стоимость цена итого 金額 合計金額 価格 売上 금액 결제금액 매출 "
        "金额 订单金额 实付金额 支付金额 付款金额 交易金额 消费金额 总金额 总价 销售额"
    ),
    "event_type": (
        "event_type type kind event transactiontype action art typ vorgang vorgangsart buchungsart 类型 事件 交易类型"
    ),
    "reference": (
        "reference orderid ordernumber order invoice invoiceno invoicenumber invoiceid receipt receiptid receiptno "
        "transactionid transactionno transaction basketid orderref paymentid chargeid saleid documentno docno "
        "belegnummer dealid opportunityid recordid orderno ticket ticketno ticketnumber "
        "bestellung bestellnummer bestellnr bestellid auftrag auftragid auftragsnummer auftragsnr rechnung "
        "rechnungsnummer rechnungsnr rechnungid beleg belegnr bon bonnr bonnummer vorgangsnummer transaktion "
        "transaktionsid kaufnummer commande numerocommande numcommande ncommande nocommande idcommande refcommande "
        "facture numerofacture numfacture nfacture ticketcaisse pedido numeropedido idpedido npedido factura "
        "numerofactura fattura numerofattura ordine numeroordine idordine scontrino encomenda fatura "
        "bestelling bestelnummer ordernummer factuur factuurnummer bonnetje ordrenummer ordernr fakturanummer faktura "
        "zamówienie numerzamówienia nrzamówienia paragon objednávka tilausnumero sipariş siparişno заказ номерзаказа "
        "注文番号 注文id 受注番号 주문번호 订单号 订单编号 订单id 单号 交易号 流水号"
    ),
    "sale_reference": (
        "sale_reference originalorder originalorderid originalordernumber originalinvoice originalinvoiceno "
        "originalreceipt originaltransactionid refundedorder refundedorderid parentorder parentorderid"
    ),
    "recorded_at": "recorded_at updatedat modifiedat lastmodified loadedat",
}
"""Usual names of the contract's columns, in small letters without marks, the contract's own first."""
REFUND = (
    "refund refunded refunds refundamount refundedamount amountrefunded totalrefunded refundtotal refundvalue "
    "returnedamount amountreturned creditedamount erstattet erstattung erstattungen erstattungsbetrag "
    "erstatteterbetrag rückerstattet rückerstattung rückzahlung gutschrift gutschriftbetrag remboursé remboursement "
    "montantremboursé montantremboursement avoir reembolso reembolsado importereembolsado devuelto devolución "
    "rimborso rimborsato importorimborsato terugbetaald terugbetaling återbetalt återbetalning refundert refunderet "
    "zwrot zwrócono kwotazwrotu возврат 返金 返金額 환불 환불금액 退款 退款金额 已退款"
)
"""Usual names of columns with what was given back of a row's amount, or with whether it was."""
QUALIFIERS = (
    "net gross netto brutto incl inkl excl exkl including excluding with without tax vat mwst ust tva ttc ht iva btw "
    "moms in order item currency local base of the de du des di da der del la le"
)
"""Words around a usual name that leave its meaning as it is, as in "Order Total (incl. VAT)"; so do currencies."""
QUANTITY = "quantity qty units count menge pieces anzahl stück 数量"
UNIT_PRICE = "unitprice price priceeach itemprice stueckpreis rate stückpreis einzelpreis 单价"
CLOCKS = "time timeofday ordertime saletime clock uhrzeit zeit heure hora 时间 时刻"
CLOCK = r"^\d{1,2}[:.h]\d{2}([:.]\d{2}(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?$"
DOTTED_DATE = r"^\d{1,2}\.\d{2}\.\d{2}$"
"""A date such as 10.09.01, which could be a time of day too."""
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
    own = _plain_letters(name)
    usual = [_plain_letters(each) for each in NAMES[log_column].split()]
    if own in usual:
        return 1.0 - 0.1 * usual.index(own) / len(usual)
    others = " ".join([*NAMES.values(), REFUND, QUANTITY, UNIT_PRICE, STATUS, CLOCKS]).split()
    if own in map(_plain_letters, others):
        return 0.0
    if (kernel := _without_qualifiers(name)) in usual:
        return 0.88
    if len(own) < 4 or kernel in map(_plain_letters, others):  # so short a name is near to anything
        return 0.0
    return 0.8 * max(SequenceMatcher(None, own, each).ratio() for each in usual)


def is_refund_name(name: str) -> bool:
    """Return whether a column seems to say what was given back of a row's amount.

    Examples
    --------
    >>> [is_refund_name(name) for name in ["Refunded Amount", "Remboursé (EUR)", "amount"]]
    [True, True, False]
    """
    usual = [_plain_letters(each) for each in REFUND.split()]
    return _plain_letters(name) in usual or _without_qualifiers(name) in usual


def letters(name: str) -> str:
    """Return a name without marks and spaces, in small letters."""
    return re.sub(r"[\W_]", "", name).lower()


def _plain_letters(name: str) -> str:
    """Return a name in small letters without marks, spaces and accents."""
    return "".join(each for each in unicodedata.normalize("NFKD", letters(name)) if not unicodedata.combining(each))


def _without_qualifiers(name: str) -> str:
    """Return a name without the words that leave its meaning as it is."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return "".join(
        plain
        for word in words
        if (plain := _plain_letters(word)) not in QUALIFIERS.split() and not is_currency_sign(word)
    )


def fits(log_column: str, column: pa.Array) -> float:
    """Return 1 where the values can be those of a log column, 0 where they cannot."""
    if log_column in ("event_time", "recorded_at"):
        if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
            return 1.0
        clocks = share(column, CLOCK) - share(column, DOTTED_DATE)
        return float(share(column, r"\d.*\d.*\d.*\d") > 0.5 and clocks < 0.5)
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
