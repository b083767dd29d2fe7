// The rule workshop: weights, maxima and bands as fields; bands, movers and outcomes follow as they are changed.
const bench = data.workshop;
const MOVERS = 20;
const benchValues = bench.customers.map((_, row) =>
  Object.fromEntries(Object.entries(bench.values).map(([name, values]) => [name, values[row]])));
const benchScores = benchValues.map((values) => scoreOf(values, bench.formula));
const benchBands = benchScores.map((score) => bandOf(score, bench.formula));

function benchFormula() {
  const value = (id) => (field(id).value === "" ? NaN : Number(field(id).value));
  return {
    ...bench.formula,
    parts: bench.formula.parts.map((part) => ({ ...part, weight: value(`weight-${part.name}`), maximum: value(`maximum-${part.name}`) })),
    bands: bench.formula.bands.map((band, at) => ({ ...band, at_least: at === 0 ? 0 : value(`band-${at}`) })),
  };
}

function bandName(name) {
  return name === null ? text("band.none") : text(`band.${name}`);
}

function outcomeOf(rows) {
  const mean = (values) => (rows.length ? rows.reduce((sum, row) => sum + values[row], 0) / rows.length : NaN);
  return [share(rows.length ? mean(bench.purchases.map((days) => Number(days > 0))) : null) + (rows.length ? " %" : ""),
    number(mean(bench.purchases), 2), number(mean(bench.spend))];
}

function showWorkshop() {
  const formula = benchFormula();
  const valid = formulaIsValid(formula);
  field("workshop-bad").hidden = valid;
  field("workshop-result").hidden = field("save-formula").disabled = !valid;
  if (!valid) return;
  const scores = benchValues.map((values) => scoreOf(values, formula));
  const bands = scores.map((score) => bandOf(score, formula));
  const everyone = bench.customers.map((_, row) => row);
  const moved = everyone.filter((row) => bands[row] !== benchBands[row]);
  field("workshop-moved").textContent = moved.length
    ? text("workshop.moved", { n: number(moved.length), total: number(everyone.length) }) : text("workshop.unmoved");
  const names = [...formula.bands.map((band) => band.name), ...(bands.includes(null) ? [null] : [])];
  const rows = names.map((name) => {
    const now = everyone.filter((row) => bands[row] === name);
    const before = everyone.filter((row) => benchBands[row] === name).length;
    const came = now.filter((row) => benchBands[row] !== name).length;
    const left = before - now.length + came;
    const cells = [number(before), number(now.length), came ? `+${number(came)}` : "0", left ? `−${number(left)}` : "0", ...outcomeOf(now)];
    return element("tr", {}, element("th", { scope: "row" }, bandName(name)), ...cells.map((cell) => element("td", {}, cell)));
  });
  document.querySelector("#workshop-bands tbody").replaceChildren(...rows);
  const change = (row) => Math.abs((scores[row] ?? 0) - (benchScores[row] ?? 0));
  const first = [...moved].sort((a, b) => change(b) - change(a) || a - b).slice(0, MOVERS);
  document.querySelector("#workshop-movers tbody").replaceChildren(...first.map((row) => element("tr", {},
    element("td", {}, element("button", { type: "button", class: "link", "data-customer": bench.customers[row] }, bench.customers[row])),
    ...[bandName(benchBands[row]), bandName(bands[row]), number(benchScores[row], 1), number(scores[row], 1)].map((cell) => element("td", {}, cell)))));
  field("workshop-movers").hidden = moved.length === 0;
  field("workshop-more").textContent = moved.length > MOVERS ? text("workshop.more", { shown: MOVERS, n: number(moved.length) }) : "";
}

function resetWorkshop() {
  for (const part of bench.formula.parts) {
    for (const name of ["weight", "maximum"]) field(`${name}-${part.name}`).value = part[name];
  }
  bench.formula.bands.forEach((band, at) => (field(`band-${at}`).value = band.at_least));
  field("workshop-said").textContent = "";
  showWorkshop();
}

function saveFormula() {
  const [version, reason] = ["formula-version", "formula-reason"].map((id) => field(id).value.trim());
  if (!version || !reason || version === bench.version) {
    field("workshop-said").textContent = text("workshop.need_version");
    return;
  }
  const today = new Date();
  const date = [today.getFullYear(), today.getMonth() + 1, today.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  const file = new Blob([formulaToml(benchFormula(), version, reason, date)], { type: "application/toml" });
  const link = element("a", { href: URL.createObjectURL(file), download: "formula.toml" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  field("workshop-said").textContent = text("workshop.saved");
}

function setUpWorkshop() {
  field("workshop-form").addEventListener("input", showWorkshop);
  field("workshop-form").addEventListener("submit", (event) => {
    event.preventDefault();
    saveFormula();
  });
  field("workshop-reset").addEventListener("click", resetWorkshop);
  afterLanguage.push(showWorkshop);
  resetWorkshop();
}
