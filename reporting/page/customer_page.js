// The page of one customer: it holds the customers of one part of the base, and the address names which is shown.
const columns = data.customers;
const rowById = new Map(columns.customer_id.map((id, row) => [id, row]));
const served = location.protocol === "http:" || location.protocol === "https:";
if (served) field("back").href = "../";



function shownCustomer() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return location.hash.slice(1);
  }
}

function history(row) {
  const events = data.events[row].map(([day, kind, cents, ...words]) => ({
    day, kind: data.kinds[kind], amount: cents === null ? null : cents / 100, words }));
  return { events, scores: data.scores[row] };
}

function eventTable(events) {
  const head = ["label.date", "timeline.event", "timeline.details"].map((key) => element("th", { scope: "col", class: "words" }, text(key)));
  const rows = [...events].reverse().map((event) => element("tr", {},
    element("td", {}, isoDate(event.day)),
    element("td", { class: "words" }, text(`event.${event.kind}`) + (event.day >= dayOf(data.as_of) ? ` (${text("timeline.after")})` : "")),
    element("td", { class: "words" }, [...(event.amount === null ? [] : [moneyText(event.amount, 2)]), ...event.words.map((word) => text(`word.${word}`))].join(", "))));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": text("timeline.events") },
    element("table", { id: "events" }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)));
}

// A bar of the interval with the forecast and what came, on one scale from 0.
function forecastBar(row) {
  const of = (name) => columns[name][row];
  const most = Math.max(1, of("high"), of("purchases")) * 1.1;
  const at = (value) => `${(100 * value) / most}%`;
  const bar = svgNode("svg", { class: "forecast", role: "img", "aria-label": text("timeline.forecast") });
  bar.append(
    svgNode("rect", { class: "track", width: "100%", y: 8, height: 10, rx: 4 }),
    svgNode("rect", { class: "interval", x: at(of("low")), width: at(Math.max(of("high") - of("low"), most / 200)), y: 8, height: 10, rx: 4 }),
    svgNode("line", { class: "expected", x1: at(of("expected_purchases")), x2: at(of("expected_purchases")), y1: 2, y2: 24 }),
    svgNode("circle", { class: "came", cx: at(of("purchases")), cy: 13, r: 6 }));
  const values = { low: number(of("low")), high: number(of("high")), expected: number(of("expected_purchases"), 2), came: number(of("purchases")) };
  return [bar, line(text("timeline.forecast_line", values))];
}

function showCustomer() {
  const id = shownCustomer();
  const row = rowById.get(id);
  field("customer-name").textContent = id || text("customer.title");
  document.title = id ? `${id} · ${text("customer.title")}` : text("customer.title");
  field("who").value = id;
  const missing = id ? text("timeline.unknown", { id, as_of: data.as_of }) : text("timeline.enter");
  field("customer-status").textContent = row === undefined ? missing : "";
  field("customer-card").hidden = field("history-card").hidden = row === undefined;
  if (row === undefined) return;
  const { events, scores } = history(row);
  const width = Math.max(320, field("timeline").clientWidth);
  field("timeline").replaceChildren(timelinePicture({ events, scores }, width));
  field("event-list").replaceChildren(eventTable(events));
  field("event-note").textContent = events.length >= data.most_events ? text("timeline.latest", { n: number(data.most_events) }) : "";
  field("forecast").replaceChildren(...forecastBar(row));
  field("customer-view").replaceChildren(embeddedView(row, false, false));
}

async function drawAll() {
  showCustomer();
  document.documentElement.dataset.drawn = "yes";
}
