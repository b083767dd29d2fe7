// The picture of the swap set: what is brushed, or chosen by button or by numbers, is listed and can be downloaded.
const held = data.customers;
const everyone = held.customer_id.map((_, row) => row);
const PAGE = 20;
let listed = [];
let shown = PAGE;
let order = { column: "loyalty_score", down: true };
let drawing = false;

function swapRows() {
  return everyone.map((row) => ({
    customer_id: held.customer_id[row],
    loyalty_score: held.loyalty_score[row],
    expected_purchases: held.expected_purchases[row],
    churn_probability: held.churn_probability[row],
    purchases: held.purchases[row],
    quadrant: held.quadrant[row],
    outcome: text(held.purchases[row] > 0 ? "word.bought" : "word.stayed_away"),
  }));
}

function listenToBrush(view) {
  // A box that was drawn for a button or for numbers is no new choice; one by hand begins with a press of the pointer.
  field("chart-swap").addEventListener("pointerdown", () => (drawing = false), true);
  view.addSignalListener("brush", (_, box) => {
    if (drawing) return;
    press(null);
    if (!box.loyalty_score) return list([]);
    setRanges(box.loyalty_score, box.expected_purchases);
    list(inside(box.loyalty_score, box.expected_purchases));
  });
}

function inside(score, expected) {
  const between = (value, [from, to]) => value >= from && value <= to;
  return everyone.filter((row) => between(held.loyalty_score[row], score) && between(held.expected_purchases[row], expected));
}

const field = (id) => document.getElementById(id);

function setRanges(score, expected) {
  const short = (value) => String(Math.round(value * 1000) / 1000);
  [field("score-from").value, field("score-to").value] = score.map(short);
  [field("expected-from").value, field("expected-to").value] = expected.map(short);
}

function ranges() {
  const at = (id, otherwise) => (field(id).value === "" ? otherwise : Number(field(id).value));
  return [[at("score-from", 0), at("score-to", 100)], [at("expected-from", 0), at("expected-to", Infinity)]];
}

// Shows in the picture what was chosen by button or by numbers.
async function drawBox(score, expected) {
  const view = views.swap?.view;
  if (!view) return;
  const [x, y] = [view.scale("x"), view.scale("y")];
  const most = y.domain()[1];
  drawing = true;
  view.signal("brush_x", score ? score.map((value) => x(Math.min(100, Math.max(0, value)))) : []);
  view.signal("brush_y", score ? expected.map((value) => y(Math.min(most, Math.max(0, value)))) : []);
  await view.runAsync();
}

function press(button) {
  for (const each of document.querySelectorAll("#quadrants button")) each.setAttribute("aria-pressed", String(each === button));
}

function list(rows) {
  listed = rows;
  shown = PAGE;
  write();
}

function sorted() {
  const values = held[order.column];
  const sign = order.down ? -1 : 1;
  return [...listed].sort((a, b) => {
    const [x, y] = [values[a], values[b]];
    return sign * (typeof x === "string" ? x.localeCompare(y) : x - y) || a - b;
  });
}

function write() {
  const nothing = listed.length === 0;
  field("listed").hidden = nothing && field("listed-count").textContent === "";
  field("listed-count").textContent = nothing ? text("swap.nobody") : text("swap.count", { n: number(listed.length) });
  field("download").hidden = nothing;
  for (const head of document.querySelectorAll("#list th")) {
    if (head.dataset.column === order.column) head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
  const rows = sorted().slice(0, shown).map((row) => {
    const name = element("button", { type: "button", class: "link", "data-customer": held.customer_id[row] }, held.customer_id[row]);
    const cells = [
      text(`segment.${held.segment[row]}`), number(held.loyalty_score[row], 1), number(held.expected_purchases[row], 2),
      `${share(held.churn_probability[row])} %`, number(held.purchases[row]), number(held.spend[row], 2),
    ];
    return element("tr", {}, element("td", {}, name), ...cells.map((cell) => element("td", {}, cell)));
  });
  document.querySelector("#list tbody").replaceChildren(...rows);
  field("more").hidden = shown >= listed.length;
}

// A cell that a spreadsheet would take for a formula gets an apostrophe before it, as in the CSV files of the report.
function csv(rows) {
  const names = Object.keys(held).filter((name) => !/^(factor|change)_/.test(name));
  const cell = (value) => {
    if (value === null) return "";
    const said = typeof value === "string" && /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : String(value);
    return /[",\n\r]/.test(said) ? `"${said.replaceAll('"', '""')}"` : said;
  };
  return [names.join(","), ...rows.map((row) => names.map((name) => cell(held[name][row])).join(","))].join("\r\n") + "\r\n";
}

function download() {
  const file = new Blob(["\ufeff", csv(sorted())], { type: "text/csv;charset=utf-8" });
  const link = element("a", { href: URL.createObjectURL(file), download: `customers-${data.as_of}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function readySwap() {
  field("ranges").addEventListener("submit", async (event) => {
    event.preventDefault();
    press(null);
    const [score, expected] = ranges();
    list(inside(score, expected));
    await drawBox(score, expected);
  });
  field("clear").addEventListener("click", async () => {
    press(null);
    setRanges([0, 100], [0, 0]);
    field("expected-to").value = "";
    list([]);
    field("listed").hidden = true;
    await drawBox(null);
  });
  for (const button of document.querySelectorAll("#quadrants button")) {
    button.addEventListener("click", async () => {
      press(button);
      const [score, expected] = data.cuts;
      const [right, high] = { model_only: [0, 1], rule_only: [1, 0], both: [1, 1], neither: [0, 0] }[button.dataset.quadrant];
      const most = views.swap?.view.scale("y").domain()[1] ?? Math.max(...held.expected_purchases);
      const box = [right ? [score, 100] : [0, score], high ? [expected, most] : [0, expected]];
      setRanges(...box);
      list(everyone.filter((row) => held.quadrant[row] === button.dataset.quadrant));
      await drawBox(...box);
    });
  }
  for (const head of document.querySelectorAll("#list th")) {
    head.querySelector("button").addEventListener("click", () => {
      const column = head.dataset.column;
      order = { column, down: order.column === column ? !order.down : column !== "customer_id" };
      write();
    });
  }
  field("download").addEventListener("click", download);
  field("more").addEventListener("click", () => {
    shown += 4 * PAGE;
    write();
  });
}
