// One customer in the data of a page: figures and parts of both sides, and what changed. `columns` are of this page.
function embeddedView(row, after, named = true) {
  const of = (name) => columns[name][row];
  const parts = Object.entries(data.weights).map(([name, weight]) => [name, of(`points_${name}`), weight]);
  const weighed = parts.reduce((sum, [, points, weight]) => sum + (points === null ? 0 : weight), 0);
  const points = parts.map(([name, value, weight]) => [text(`part.${name}`), value, (100 * weight) / weighed]);
  const effective = data.factors.filter((name) => name !== "limits" || Math.abs(of("factor_limits")) > 1e-9);
  const factors = effective.map((name) => [text(`factor.${name}`), of(`factor_${name}`)]);
  const facts = { days: number(of("purchase_days")), silence: number(of("days_since_last_purchase")), money: moneyText(of("net_spend_365"), 2) };
  const returned = (name) => (of(name) > 0 ? ` ${text("customer.returned", { money: moneyText(of(name), 2) })}` : "");
  const outcome = of("purchases") > 0
    ? text("customer.bought", { days: number(of("purchases")), money: moneyText(of("spend"), 2) }) + returned("returned")
    : text("customer.stayed_away");
  return element("div", {},
    after ? element("h3", {}, text("customer.embedded", { as_of: data.as_of })) : null,
    named ? element("h3", { class: "figure" }, of("customer_id")) : null,
    line(`${text(`segment.${of("segment")}`)} · ${text("customer.history", facts)}${returned("returned_365")}`),
    element("div", { class: "grid two" },
      side("rule", text("customer.rule"), [
        figure(text("customer.score", { score: number(of("loyalty_score"), 1) })),
        line(`${text("customer.band", { band: text(`band.${of("band")}`) })}, ${text("customer.coverage", { coverage: share(of("coverage"), 0) })}`),
        partBars(points, "rule"),
      ]),
      side("model", text("customer.model"), [
        figure(text("customer.expected", { expected: number(of("expected_purchases"), 2), days: data.horizon_days })),
        line(`${text("customer.interval", { low: number(of("low")), high: number(of("high")) })}; ${text("customer.churn", { share: share(of("churn_probability")) })}; ${text("customer.spend", { money: moneyText(of("expected_spend"), 2) })}`),
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
    const steps = data.steps[name].filter((step) => signed(of(step), digits) !== signed(0, digits)).map((step) => [
      text(step.startsWith("behaviour_") ? `part_behaviour.${step.slice(10)}` : `step.${step}`), of(step)]);
    return side(name, text(`customer.change_${name}`), [
      line(text(steps.length ? "customer.change_how" : "customer.change_nothing", { before: number(of("before"), digits), now: number(of("now"), digits) })),
      signedBars(steps, digits)]);
  });
  if (views.length === 0) views.push(line(text("customer.change_new")));
  return [element("h3", {}, text("customer.change", { since: data.since })), element("div", { class: "grid two" }, ...views)];
}

const figure = (text) => element("p", { class: "verdict" }, text);
const line = (text) => element("p", { class: "small" }, text);
const side = (name, title, children) => element("div", {}, element("h3", { class: name }, title), ...children);

function svgBar(from, to, kind) {
  const svg = svgNode("svg", { "aria-hidden": "true" });
  svg.append(svgNode("rect", { class: "track", width: "100%", height: 12, rx: 3 }));
  // A bar too short to be seen would look like a stain.
  if (Math.abs(to - from) >= 0.005) svg.append(svgNode("rect", { class: kind, x: `${100 * Math.min(from, to)}%`, width: `${100 * Math.abs(to - from)}%`, height: 12, rx: 3 }));
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

