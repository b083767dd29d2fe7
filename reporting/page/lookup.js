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
  const perhaps = row !== undefined || allRows.length < data.total;
  field("lookup-status").replaceChildren(status, ...(perhaps ? pageLink(id) : []));
  field("lookup-result").replaceChildren(...parts);
  field("lookup-result").hidden = field("lookup-explanation").hidden = parts.length === 0;
}

// The page of every customer is beside this one, on disk and in a service.
function pageLink(id) {
  if (!data.parts) return [];
  return [" ", element("a", { href: `customers/${customerAddress(id, data.parts)}` }, text("timeline.open", { id }))];
}

const unknownText = () => (allRows.length < data.total ? "customer.unknown_sample" : "customer.unknown");

// The view of a customer in the answer of `POST /score_customers`; missing values have a reason in `absent`.
function liveView(score, about) {
  const parts = Object.entries(score.loyalty_parts ?? {}).map(([name, part]) => [
    text(`part.${name}`), part.contribution ?? null, part.score > 0 ? part.contribution / part.score : null]);
  const interval = score.expected_purchases_interval;
  const rule = score.loyalty_score === undefined ? [line(score.absent?.loyalty_score ?? text("page.unknown"))] : [
    figure(text("customer.score", { score: number(score.loyalty_score, 1) })),
    line([score.band && text("customer.band", { band: text(`band.${score.band}`) }), text("customer.coverage", { coverage: share(score.coverage, 0) })].filter(Boolean).join(", ")),
    partBars(parts, "rule")];
  const model = score.expected_purchases === undefined ? [line(score.absent?.forecast ?? about.absent?.model ?? text("page.unknown"))] : [
    figure(text("customer.expected", { expected: number(score.expected_purchases, 2), days: about.horizon_days })),
    line([interval && text("customer.interval", { low: number(interval.low), high: number(interval.high) }),
      text("customer.churn", { share: share(score.churn_probability) }),
      score.expected_spend !== undefined && text("customer.spend", { money: moneyText(score.expected_spend, 2) })].filter(Boolean).join("; "))];
  return element("div", { class: "grid two", id: "live" }, side("rule", text("customer.rule"), rule), side("model", text("customer.model"), model));
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
