"""Each layout of docs/sources.md is read by its command as pandas reads it."""

import re
import shlex
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from cli.main import app
from features.schema import EVENT_TYPES
from features.store.event_store import open_store

PAGE = (Path(__file__).parents[3] / "docs/sources.md").read_text()
ROWS = re.findall(r"^\| .+? \| `regulars (.+?)` \| (.+?) \|$", PAGE, re.MULTILINE)
Result = tuple[pd.Series, pd.Series, int]


def retail(invoice: str, price: str, customer: str) -> str:
    return f"""{invoice},StockCode,Quantity,InvoiceDate,{price},{customer}
536365,85123A,6,12/1/2010 8:26,2.55,17850.0
536365,71053,6,12/1/2010 8:26,3.39,17850.0
536366,22633,2,12/13/2010 8:28,1.85,13047.0
C536379,D,-1,12/14/2010 9:41,11.04,17850.0
536414,22139,56,12/1/2010 11:52,0,
"""


SAMPLES = {
    "plain": "customer,date,amount\na,2024-01-05,20\na,2024-02-05,30.5\nb,2024-01-07,10\nb,2024-03-01 9:05,40\n",
    "uci_retail": retail("InvoiceNo", "UnitPrice", "CustomerID"),
    "uci_retail_ii": retail("Invoice", "Price", "Customer ID"),
    "shopify": """Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Refunded Amount
#1001,Ann@x.example,paid,EUR,30.00,2024-03-01 10:00:00 +0100,1,Cup,0.00
#1001,Ann@x.example,,,,2024-03-01 10:00:00 +0100,2,Dish,
#1002,bob@x.example,partially_refunded,EUR,50.00,2024-03-02 09:00:00 +0100,1,Pot,20.00
#1003,bob@x.example,voided,EUR,70.00,2024-03-03 09:00:00 +0100,1,Pan,0.00
#1004,,paid,EUR,5.00,2024-03-03 09:00:00 +0100,1,Cup,0.00
""",
    "woocommerce": """Order Number,Order Status,Order Date,Email (Billing),Order Total Amount,Order Refund Amount,Item
11,Completed,2024-03-01 10:00,ann@x.example,60.00,0,Cup
11,Completed,2024-03-01 10:00,ann@x.example,60.00,0,Dish
12,Refunded,2024-03-02 10:00,Bob@x.example,30.00,20.00,Pot
13,Cancelled,2024-03-03 10:00,bob@x.example,99.00,0,Pan
""",
    "stripe": """id,created,customer,amount,amount_refunded,currency,status
ch_1,1709287200,cus_1,20000,0,eur,succeeded
ch_2,1709373600,cus_2,10000,5000,eur,succeeded
ch_3,1709373700,cus_2,7700,0,eur,failed
""",
    "hubspot": """Record ID,Deal Name,Close Date,Amount,Associated Company IDs,Deal Stage
1,a,2023-04-01T01:09:44Z,100,77,Closed Won
2,b,2023-03-31 16:00,200,77,Closed Won
3,c,2023-03-31T23:30:00-07:00,50,77,Closed Lost
4,d,,900,78,Proposal
""",
    "salesforce": """Opportunity ID,Account ID,Amount,Amount Currency,Close Date,Stage
006A,0015g00000AbCdE,"1,234.50",USD,3/1/2024,Closed Won
006B,0015g00000AbCde,99.00,USD,3/22/2024,Closed Won
006C,0015g00000AbCdE,200.00,USD,12/31/2024,Closed Lost
""",
    "umsatz": "Kunde;Datum;Betrag\na;31.12.2024 9:05;1.234,50\nb;01.02.2024;12,00\n",
    "lines": "customer_id,event_time,event_type,amount,order_no\na,2024-01-05,Sale,10,1\na,2024-01-05,sale,5,1\n"
    "a,2024-01-09,Refund,3,2\n",
}


def by_pandas(name: str, frame: pd.DataFrame) -> Result:
    """Return the amounts of purchases and of returns, and the number of customers, by the layout's own rules."""
    none = pd.Series(dtype=float)
    if name.startswith("uci"):
        invoice, price, customer = frame.columns[0], frame.columns[4], frame.columns[5]
        frame = frame.dropna(subset=customer)
        sums = (frame.Quantity * frame[price]).groupby(frame[invoice]).sum()
        return sums[sums >= 0], -sums[sums < 0], frame[customer].nunique()
    if name == "shopify":
        frame = frame[frame.Total.notna() & (frame["Financial Status"] != "voided") & frame.Email.notna()]
        return frame.Total, frame["Refunded Amount"][frame["Refunded Amount"] > 0], frame.Email.nunique()
    if name == "woocommerce":
        frame = frame[frame["Order Status"] != "Cancelled"].groupby("Order Number").last()
        refunds = frame["Order Refund Amount"]
        return frame["Order Total Amount"], refunds[refunds > 0], frame["Email (Billing)"].str.lower().nunique()
    if name == "stripe":
        frame = frame[frame.status == "succeeded"]
        refunds = frame.amount_refunded / 100
        return frame.amount / 100, refunds[refunds > 0], frame.customer.nunique()
    if name in ("hubspot", "salesforce"):
        frame = frame[frame["Deal Stage" if name == "hubspot" else "Stage"] == "Closed Won"]
        amounts = frame.Amount.astype(str).str.replace(",", "").astype(float)
        return amounts, none, frame["Associated Company IDs" if name == "hubspot" else "Account ID"].nunique()
    if name == "umsatz":
        return frame.Betrag.str.replace(".", "").str.replace(",", ".").astype(float), none, frame.Kunde.nunique()
    if name == "lines":
        kinds = frame.event_type.str.lower()
        sums = frame.amount.groupby([kinds, frame.order_no]).sum()
        return sums["sale"], sums["refund"], frame.customer_id.nunique()
    return frame.amount, none, frame.customer.nunique()


def words(purchases: pd.Series, returns: pd.Series, customers: int) -> str:
    """Return a result as the table of the page has it."""
    kinds = f"{len(purchases)} purchases" + (f", {len(returns)} returns" if len(returns) else "")
    return f"{kinds} of {customers} customers, {purchases.sum() - returns.sum():,.2f}"


def test_every_sample_is_in_the_table() -> None:
    """And the table has no other layout."""
    assert {shlex.split(command)[1].removesuffix(".csv") for command, _ in ROWS} == set(SAMPLES)


@pytest.mark.parametrize(("command", "result"), ROWS, ids=[shlex.split(command)[1] for command, _ in ROWS])
def test_a_layout_is_read_as_pandas_reads_it(
    command: str, result: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counts, the customers and every amount."""
    monkeypatch.chdir(tmp_path)
    _, file, *_ = arguments = shlex.split(command)
    name = file.removesuffix(".csv")
    Path(file).write_text(SAMPLES[name])
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.exception
    store = open_store("store")
    kinds, cents = store.columns["kind"], store.columns["cents"]
    amounts = {kind: sorted(cents[kinds == EVENT_TYPES.index(kind)]) for kind in ("purchase", "return")}
    separator = ";" if name == "umsatz" else ","
    expected = by_pandas(name, pd.read_csv(StringIO(SAMPLES[name]), sep=separator, dtype={"Betrag": str}))
    for kind, series in zip(("purchase", "return"), expected, strict=False):
        assert amounts[kind] == sorted((series * 100).round().astype(int))
    assert store.n_customers == expected[2]
    assert words(*expected) == result
