// The scatter plot: customers selected by brush, button or number fields are listed and can be downloaded.
const columns = data.customers;
const allRows = columns.customer_id.map((_, row) => row);
const PAGE = 20;
let listed = [];
let visibleRows = PAGE;
let order = { column: "loyalty_score", down: true };
let boxFromControls = false;

function scatterRows() {
  return allRows.map((row) => ({
    customer_id: columns.customer_id[row],
    loyalty_score: columns.loyalty_score[row],
    expected_purchases: columns.expected_purchases[row],
    churn_probability: columns.churn_probability[row],
    purchases: columns.purchases[row],
    quadrant: columns.quadrant[row],
    outcome: text(columns.purchases[row] > 0 ? "label.bought" : "label.stayed_away"),
  }));
}

function listenToBrush(view) {
  // A box drawn for a button or number fields is not a new selection; one drawn by hand starts with pointerdown.
  field("chart-swap").addEventListener("pointerdown", () => (boxFromControls = false), true);
  view.addSignalListener("brush", (_, box) => {
    if (boxFromControls) return;
    press(null);
    if (!box.loyalty_score) return listRows([]);
    setRanges(box.loyalty_score, box.expected_purchases);
    listRows(inside(box.loyalty_score, box.expected_purchases));
  });
}

function inside(score, expected) {
  const between = (value, [from, to]) => value >= from && value <= to;
  return allRows.filter((row) => between(columns.loyalty_score[row], score) && between(columns.expected_purchases[row], expected));
}

function setRanges(score, expected) {
  const short = (value) => String(Math.round(value * 1000) / 1000);
  [field("score-from").value, field("score-to").value] = score.map(short);
  [field("expected-from").value, field("expected-to").value] = expected.map(short);
}

function ranges() {
  const valueOf = (id, otherwise) => (field(id).value === "" ? otherwise : Number(field(id).value));
  return [[valueOf("score-from", 0), valueOf("score-to", 100)], [valueOf("expected-from", 0), valueOf("expected-to", Infinity)]];
}

// Shows in the plot what was selected by button or number fields.
async function drawBox(score, expected) {
  const view = views.swap?.view;
  if (!view) return;
  const [x, y] = [view.scale("x"), view.scale("y")];
  const most = y.domain()[1];
  boxFromControls = true;
  view.signal("brush_x", score ? score.map((value) => x(Math.min(100, Math.max(0, value)))) : []);
  view.signal("brush_y", score ? expected.map((value) => y(Math.min(most, Math.max(0, value)))) : []);
  await view.runAsync();
}

// A finger draws a box where the button below the plot is pressed; Vega's own brush follows the mouse alone.
function listenToFinger() {
  const place = field("chart-swap");
  let start = null;
  const at = (event) => {
    const view = views.swap.view;
    const canvas = place.querySelector("canvas").getBoundingClientRect();
    const [left, top] = view.origin();
    return [view.scale("x").invert(event.clientX - canvas.left - left), view.scale("y").invert(event.clientY - canvas.top - top)];
  };
  const box = (event) => {
    const end = at(event);
    return [0, 1].map((axis) => [start[axis], end[axis]].sort((a, b) => a - b));
  };
  const drawing = (event) => event.pointerType === "touch" && place.classList.contains("drawing") && views.swap;
  place.addEventListener("pointerdown", (event) => {
    start = drawing(event) ? at(event) : null;
  }, true);
  place.addEventListener("pointermove", (event) => {
    if (start && drawing(event)) drawBox(...box(event));
  });
  place.addEventListener("pointerup", (event) => {
    if (!start || !drawing(event)) return;
    const chosen = box(event);
    start = null;
    press(null);
    setRanges(...chosen);
    listRows(inside(...chosen));
    drawBox(...chosen);
  });
}

function press(button) {
  for (const other of document.querySelectorAll("#quadrants button")) other.setAttribute("aria-pressed", String(other === button));
}

function listRows(rows) {
  listed = rows;
  visibleRows = PAGE;
  renderList();
}

function sorted() {
  const values = columns[order.column];
  const sign = order.down ? -1 : 1;
  return [...listed].sort((a, b) => {
    const [x, y] = [values[a], values[b]];
    return sign * (typeof x === "string" ? x.localeCompare(y) : x - y) || a - b;
  });
}

function renderList() {
  const nothing = listed.length === 0;
  field("listed").hidden = nothing && field("listed-count").textContent === "";
  field("listed-count").textContent = nothing ? text("swap.nobody") : text("swap.count", { n: number(listed.length) });
  field("download").hidden = nothing;
  for (const head of document.querySelectorAll("#list th")) {
    if (head.dataset.column === order.column) head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
  const rows = sorted().slice(0, visibleRows).map((row) => {
    const name = element("button", { type: "button", class: "link", "data-customer": columns.customer_id[row] }, columns.customer_id[row]);
    const cells = [
      text(`segment.${columns.segment[row]}`), number(columns.loyalty_score[row], 1), number(columns.expected_purchases[row], 2),
      `${share(columns.churn_probability[row])} %`, number(columns.purchases[row]), moneyText(columns.spend[row], 2),
    ];
    return element("tr", {}, element("td", {}, name), ...cells.map((cell) => element("td", {}, cell)));
  });
  document.querySelector("#list tbody").replaceChildren(...rows);
  field("more").hidden = visibleRows >= listed.length;
}

function download() {
  const names = Object.keys(columns).filter((name) => !/^(factor|change)_/.test(name));
  saveCsv(`customers-${data.as_of}.csv`, names, sorted().map((row) => names.map((name) => columns[name][row])));
}

function setUpScatterPlot() {
  listenToFinger();
  field("ranges").addEventListener("submit", async (event) => {
    event.preventDefault();
    press(null);
    const [score, expected] = ranges();
    listRows(inside(score, expected));
    await drawBox(score, expected);
  });
  // On a touch screen a drag scrolls the page, until this button gives it to the plot.
  field("touch-select").addEventListener("click", () => {
    const drawing = field("chart-swap").classList.toggle("drawing");
    field("touch-select").setAttribute("aria-pressed", String(drawing));
  });
  field("clear").addEventListener("click", async () => {
    press(null);
    setRanges([0, 100], [0, 0]);
    field("expected-to").value = "";
    listRows([]);
    field("listed").hidden = true;
    await drawBox(null);
  });
  for (const button of document.querySelectorAll("#quadrants button")) {
    button.addEventListener("click", async () => {
      press(button);
      const [score, expected] = data.thresholds;
      const [right, high] = { model_only: [0, 1], rule_only: [1, 0], both: [1, 1], neither: [0, 0] }[button.dataset.quadrant];
      const most = views.swap?.view.scale("y").domain()[1] ?? Math.max(...columns.expected_purchases);
      const box = [right ? [score, 100] : [0, score], high ? [expected, most] : [0, expected]];
      setRanges(...box);
      listRows(allRows.filter((row) => columns.quadrant[row] === button.dataset.quadrant));
      await drawBox(...box);
    });
  }
  for (const head of document.querySelectorAll("#list th")) {
    head.querySelector("button").addEventListener("click", () => {
      const column = head.dataset.column;
      order = { column, down: order.column === column ? !order.down : column !== "customer_id" };
      renderList();
    });
  }
  field("download").addEventListener("click", download);
  field("more").addEventListener("click", () => {
    visibleRows += 4 * PAGE;
    renderList();
  });
}
