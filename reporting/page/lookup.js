// One customer. From disk: the page's own data. Served: the service is asked too, and its answer is shown first.
const served = location.protocol === "http:" || location.protocol === "https:";
const rowById = new Map(columns.customer_id.map((id, row) => [id, row]));
const SUGGESTED = 20;
let key = "";
let shownId = null;

async function request(path, body) {
  const headers = { "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  const response = await fetch(path, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
  if (response.status === 401 || response.status === 403) {
    field("key-field").hidden = false;
    throw new Error(text("customer.key"));
  }
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim());
  return response.json();
}

async function fromService(id) {
  const { scores, unknown, ...about } = await request("score_customers", { customer_ids: [id] });
  return unknown.includes(id) ? { unknown: true } : { score: scores[0], about };
}

// Shows what is in service and since when; on failure nothing is shown, because a look-up reports the error.
async function showVersions() {
  if (!served) return;
  try {
    const { formula, model, since } = await request("versions");
    const same = formula.version === data.formula_version && String(model?.version) === String(data.model_version);
    const name = same ? "page.in_service" : "page.in_service_other";
    const values = { formula: formula.version, model: model?.version ?? "@page.none", since: since.slice(0, 16).replace("T", " ") };
    const line = element("span", { "data-t": name, "data-a": JSON.stringify(values) }, ...nodes(name, values));
    const link = element("a", { href: "docs", "data-t": "page.api" }, text("page.api"));
    field("in-service").replaceChildren(line, " ", link);
    field("in-service").hidden = false;
  } catch {
    field("in-service").hidden = true;
  }
}

async function lookUp(id) {
  shownId = id;
  field("who").value = id;
  const row = rowById.get(id);
  const parts = [];
  let status = row === undefined ? text(unknownText(), { id, n: number(allRows.length) }) : "";
  if (served) {
    field("lookup-status").textContent = text("customer.asking");
    try {
      const live = await fromService(id);
      if (live.unknown) status = text("customer.unknown_service", { id });
      else [status, parts[0]] = [text("customer.live", { as_of: live.about.as_of }), liveView(live.score, live.about)];
    } catch (error) {
      status = text("customer.failed", { reason: error.message });
    }
    if (shownId !== id) return;
  }
  if (row !== undefined) {
    if (parts.length === 0 && !served) status = text("customer.embedded", { as_of: data.as_of });
    parts.push(embeddedView(row, parts.length > 0));
  }
  field("lookup-status").textContent = status;
  field("lookup-result").replaceChildren(...parts);
  field("lookup-result").hidden = field("lookup-explanation").hidden = parts.length === 0;
}

const unknownText = () => (allRows.length < data.total ? "customer.unknown_sample" : "customer.unknown");

// The view of a customer in the answer of `POST /score_customers`; missing values have a reason in `absent`.
function liveView(score, about) {
  const parts = Object.entries(score.loyalty_parts ?? {}).map(([name, part]) => [
    text(`part.${name}`), part.contribution ?? null, part.score > 0 ? part.contribution / part.score : null]);
  const interval = score.expected_purchases_interval;
  const rule = score.loyalty_score === undefined ? [line(score.absent?.loyalty_score ?? text("page.unknown"))] : [
    figure(text("customer.score", { score: number(score.loyalty_score, 1) })),
    line([score.band && text("customer.band", { band: score.band }), text("customer.coverage", { coverage: share(score.coverage, 0) })].filter(Boolean).join(", ")),
    partBars(parts, "rule")];
  const model = score.expected_purchases === undefined ? [line(score.absent?.forecast ?? about.absent?.model ?? text("page.unknown"))] : [
    figure(text("customer.expected", { expected: number(score.expected_purchases, 2), days: about.horizon_days })),
    line([interval && text("customer.interval", { low: number(interval.low), high: number(interval.high) }),
      text("customer.churn", { share: share(score.churn_probability) }),
      score.expected_spend !== undefined && text("customer.spend", { money: number(score.expected_spend, 2) })].filter(Boolean).join("; "))];
  return element("div", { class: "grid two", id: "live" }, side("rule", text("customer.rule"), rule), side("model", text("customer.model"), model));
}

// The view of a customer in the page's own data.
function embeddedView(row, after) {
  const of = (name) => columns[name][row];
  const parts = Object.entries(data.weights).map(([name, weight]) => [name, of(`points_${name}`), weight]);
  const weighed = parts.reduce((sum, [, points, weight]) => sum + (points === null ? 0 : weight), 0);
  const points = parts.map(([name, value, weight]) => [text(`part.${name}`), value, (100 * weight) / weighed]);
  const effective = data.factors.filter((name) => name !== "limits" || Math.abs(of("factor_limits")) > 1e-9);
  const factors = effective.map((name) => [text(`factor.${name}`), of(`factor_${name}`)]);
  const facts = { days: number(of("purchase_days")), silence: number(of("days_since_last_purchase")), money: number(of("net_spend_365"), 2) };
  const returned = (name) => (of(name) > 0 ? ` ${text("customer.returned", { money: number(of(name), 2) })}` : "");
  const outcome = of("purchases") > 0
    ? text("customer.bought", { days: number(of("purchases")), money: number(of("spend"), 2) }) + returned("returned")
    : text("customer.stayed_away");
  return element("div", {},
    after ? element("h3", {}, text("customer.embedded", { as_of: data.as_of })) : null,
    element("h3", { class: "figure" }, of("customer_id")),
    line(`${text(`segment.${of("segment")}`)} · ${text("customer.history", facts)}${returned("returned_365")}`),
    element("div", { class: "grid two" },
      side("rule", text("customer.rule"), [
        figure(text("customer.score", { score: number(of("loyalty_score"), 1) })),
        line(`${text("customer.band", { band: of("band") })}, ${text("customer.coverage", { coverage: share(of("coverage"), 0) })}`),
        partBars(points, "rule"),
      ]),
      side("model", text("customer.model"), [
        figure(text("customer.expected", { expected: number(of("expected_purchases"), 2), days: data.horizon_days })),
        line(`${text("customer.interval", { low: number(of("low")), high: number(of("high")) })}; ${text("customer.churn", { share: share(of("churn_probability")) })}; ${text("customer.spend", { money: number(of("expected_spend"), 2) })}`),
        data.factors.length ? factorBars(factors, of("expected_purchases")) : line(text("customer.no_factors")),
      ])),
    element("h3", {}, text("customer.outcome")), line(outcome), ...changeView(row));
}

function changeView(row) {
  if (!data.steps) return [];
  const sides = ["rule", "model"].filter((name) => columns[`change_${name}_before`][row] !== null);
  const views = sides.map((name) => {
    const digits = name === "rule" ? 1 : 2;
    const of = (step) => columns[`change_${name}_${step}`][row];
    const steps = data.steps[name].filter((step) => Math.abs(of(step)) > 1e-12).map((step) => [
      text(step.startsWith("behaviour_") ? `part_behaviour.${step.slice(10)}` : `step.${step}`), of(step)]);
    return side(name, text(`customer.change_${name}`), [
      line(text("customer.change_how", { before: number(of("before"), digits), now: number(of("now"), digits) })),
      signedBars(steps, digits)]);
  });
  if (views.length === 0) views.push(line(text("customer.change_new")));
  return [element("h3", {}, text("customer.change", { since: data.since })), element("div", { class: "grid two" }, ...views)];
}

const figure = (text) => element("p", { class: "verdict" }, text);
const line = (text) => element("p", { class: "small" }, text);
const side = (name, title, children) => element("div", {}, element("h3", { class: name }, title), ...children);

function svgBar(from, to, kind) {
  const svgNode = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const svg = svgNode("svg", { "aria-hidden": "true" });
  svg.append(svgNode("rect", { class: "track", width: "100%", height: 12, rx: 3 }));
  svg.append(svgNode("rect", { class: kind, x: `${100 * Math.min(from, to)}%`, width: `${100 * Math.abs(to - from)}%`, height: 12, rx: 3 }));
  return svg;
}

function barList(rows) {
  return element("div", { class: "parts" }, ...rows.flatMap(([name, bar, label]) => [
    element("span", {}, name), bar ?? element("span"), element("span", { class: "number" }, label)]));
}

// The track of a part is the most points that it can give; where the answer does not tell them it stays empty.
function partBars(parts, kind) {
  return barList(parts.map(([name, points, most]) => {
    if (points === null) return [name, null, text("customer.no_data")];
    if (most === null) return [name, svgBar(0, 0, kind), number(points, 1)];
    return [name, svgBar(0, points / most, kind), text("customer.points_of", { points: number(points, 1), most: number(most, 1) })];
  }));
}

// One scale for all customers, × ⅛ to × 8: the same length is the same factor, and what is beyond is cut.
const FACTOR_LIMIT = Math.log(8);

function factorBars(factors, expected) {
  const length = (log) => Math.max(-1, Math.min(1, log / FACTOR_LIMIT)) / 2;
  return barList([
    [text("customer.average"), null, number(data.average, 2)],
    ...factors.map(([name, log]) => [name, svgBar(0.5, 0.5 + length(log), log >= 0 ? "up" : "down"),
      text("customer.times", { factor: number(Math.exp(log), 2) })]),
    [text("customer.total"), null, number(expected, 2)]]);
}

function signedBars(steps, digits) {
  const most = Math.max(1e-9, ...steps.map(([, value]) => Math.abs(value)));
  return barList(steps.map(([name, value]) => [name, svgBar(0.5, 0.5 + value / most / 2, value >= 0 ? "up" : "down"), signed(value, digits)]));
}

function setUpLookUp() {
  field("lookup").addEventListener("submit", (event) => {
    event.preventDefault();
    key = field("key").value;
    lookUp(field("who").value.trim());
  });
  field("who").addEventListener("input", () => {
    const typed = field("who").value.trim().toLowerCase();
    const near = typed ? columns.customer_id.filter((id) => id.toLowerCase().includes(typed)).slice(0, SUGGESTED) : [];
    field("known").replaceChildren(...near.map((id) => element("option", { value: id })));
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("button[data-customer]");
    if (!link) return;
    lookUp(link.dataset.customer);
    field("customer").scrollIntoView();
    field("who").focus({ preventScroll: true });
  });
  showVersions();
}
