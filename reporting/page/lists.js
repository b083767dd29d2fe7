// "We can contact N customers": what each side's list of that length found, and the list itself to download.
const lists = data.lists;
const LISTED = 10;
let purpose = lists.purposes[0];
let listSide = "model";

const lengthsOf = (name) => lists.figures.filter((row) => row.purpose === name && row.measure === name);
const chosenRow = () => lengthsOf(purpose)[Number(field("list-length").value)];
const outliersOf = (name) => lists.outliers.filter((row) => row.period === (name === "stayed_away" ? "before" : "after"));

function figuresAt(length, measure) {
  return lists.figures.find((row) => row.purpose === purpose && row.measure === measure && row.list === length);
}

// What is measured: the purpose itself, and money; where money is the purpose, that alone.
function measured(length) {
  const money = figuresAt(length, field("without-outliers").checked ? "money_without" : "money");
  if (purpose === "spend") return [["spend", money]];
  return [[purpose, figuresAt(length, purpose)], ...(money ? [[`money_${purpose}`, money]] : [])];
}

const isMoney = (name) => name === "spend" || name.startsWith("money");
const formatOf = (name) => (isMoney(name) ? (value) => moneyText(value) : (value) => number(value));
const signedOf = (name) => (isMoney(name) && data.currency ? (value) => `${signed(value)}\u00a0${data.currency}` : (value) => signed(value));
const interval = (low, high, format) => text("lists.interval", { low: format(low), high: format(high) });
const verdictOf = (row) => (row.low > 0 ? "model" : row.high < 0 ? "rule" : "open");

function resultTable(measures) {
  const titles = measures.flatMap(([name]) => [text(`lists.${name}`), text("lists.interval_head")]);
  const head = [text("lists.list"), ...titles].map((title) => element("th", { scope: "col" }, title));
  const line = (title, cells) => element("tr", {}, element("th", { scope: "row" }, title), ...cells.map((cell) => element("td", {}, cell)));
  const sides = ["model", "rule"].map((name) => line(text(`side.${name}`), measures.flatMap(([kind, row]) => [
    formatOf(kind)(row[`by_${name}`]), interval(row[`${name}_low`], row[`${name}_high`], formatOf(kind))])));
  const chance = line(text("side.chance"), measures.flatMap(([kind, row]) => [formatOf(kind)(row.by_chance), ""]));
  const difference = line(text("lists.difference"), measures.flatMap(([kind, row]) => [signedOf(kind)(row.difference), interval(row.low, row.high, signedOf(kind))]));
  field("list-result").replaceChildren(element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...sides, chance, difference));
}

function verdictLine([name, row]) {
  const ahead = verdictOf(row);
  const sign = ahead === "rule" ? -1 : 1;
  const [low, high] = [sign * row.low, sign * row.high].sort((a, b) => a - b);
  const values = { what: `@lists.${name}`, difference: formatOf(name)(sign * row.difference), low: formatOf(name)(low), high: formatOf(name)(high) };
  return element("li", {}, ...nodes(`lists.verdict_${ahead}`, values));
}

// The rows of a list, with the reason and the next step in the page's language.
function contacts(side, length) {
  const order = lists.order[purpose][side];
  const { customers, next_step: steps, reasons } = lists;
  return order.customer.slice(0, length).map((at, place) => ({
    place: place + 1,
    ...Object.fromEntries(Object.entries(customers).map(([name, values]) => [name, values[at]])),
    segment: text(`segment.${customers.segment[at]}`),
    band: text(`band.${customers.band[at]}`),
    reason: reasonText(reasons[order.reason[place]], order.reason_value[place], order.reason_most[place]),
    next_step: text(`next_step.${steps[at]}`),
  }));
}

function reasonText(reason, value, most) {
  if (reason === "forecast") return text("reason.forecast");
  const kind = reason.startsWith("factor.") ? "factor" : "part";
  return text(`reason.${kind}`, { name: `@${reason}`, value: number(value, kind === "factor" ? 2 : 1), most: number(most, 1) });
}

function contactTable(length) {
  const rows = contacts(listSide, Math.min(length, LISTED)).map((row) => element("tr", {},
    element("td", {}, number(row.place)),
    element("td", {}, element("button", { type: "button", class: "link", "data-customer": row.customer_id }, row.customer_id)),
    ...[row.segment, number(row.expected_purchases, 2), `${share(row.churn_probability)} %`, number(row.days_since_last_purchase)].map((cell) => element("td", {}, cell)),
    ...[row.reason, row.next_step].map((cell) => element("td", { class: "words" }, cell))));
  document.querySelector("#contacts tbody").replaceChildren(...rows);
  field("contacts-note").textContent = text("lists.first", { n: number(rows.length), list: number(length), side: `@lists.of_${listSide}` });
}

function showList() {
  const { list: length, among } = chosenRow();
  const measures = measured(length);
  field("list-length-shown").textContent = number(length);
  field("list-length").setAttribute("aria-valuetext", text("lists.customers", { n: number(length) }));
  field("list-among").textContent = text(`lists.among_${purpose}`, { among: number(among) });
  field("list-verdict").replaceChildren(...measures.map(verdictLine));
  resultTable(measures);
  const outliers = outliersOf(purpose);
  field("outliers").hidden = outliers.length === 0;
  field("outliers-named").textContent = outliers.map((each) => text("lists.outlier", { customer: each.customer_id, money: moneyText(each.kept), share: share(each.share) })).join("; ");
  for (const button of document.querySelectorAll("[data-list]")) button.setAttribute("aria-pressed", String(button.dataset.list === listSide));
  contactTable(length);
}

// Another purpose keeps the length where it has it, else takes that of the summary.
function choosePurpose(next, length) {
  purpose = next;
  const lengths = lengthsOf(purpose).map((row) => row.list);
  const at = lengths.includes(length) ? lengths.indexOf(length) : lengths.indexOf(lists.headline[purpose]);
  field("list-length").max = String(lengths.length - 1);
  field("list-length").value = String(at);
  showList();
}

function setUpLists() {
  for (const radio of document.querySelectorAll("input[name=purpose]")) radio.addEventListener("change", () => choosePurpose(radio.value, chosenRow().list));
  for (const button of document.querySelectorAll("[data-list]")) button.addEventListener("click", () => {
    listSide = button.dataset.list;
    showList();
  });
  field("list-length").addEventListener("input", showList);
  field("without-outliers").addEventListener("change", showList);
  field("list-download").addEventListener("click", () => {
    const rows = contacts(listSide, chosenRow().list);
    saveCsv(`${purpose}-${listSide}-${rows.length}-${data.as_of}.csv`, Object.keys(rows[0]), rows.map((row) => Object.values(row)));
  });
  choosePurpose(purpose);
}
