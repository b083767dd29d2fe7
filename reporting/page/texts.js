// Texts in the page's language; a switch of the language replaces those that are on the page.
const data = JSON.parse(document.getElementById("data").textContent);
let language = data.language;
const field = (id) => document.getElementById(id);

function text(key, values = {}) {
  let result = data.catalogues[language][key] ?? key.slice(key.lastIndexOf(".") + 1).replaceAll("_", " ");
  for (const [name, value] of Object.entries(values)) {
    const shown = String(value);
    result = result.replaceAll(`{${name}}`, () => (shown.startsWith("@") ? text(shown.slice(1)) : shown));
  }
  return result;
}

// The nodes of a text, with *stars* as bold; always text nodes, so that nothing in it is parsed as HTML.
function nodes(key, values) {
  return text(key, values).split("*").map((part, at) => {
    if (at % 2 === 0) return document.createTextNode(part);
    return element("strong", {}, part);
  });
}

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

function svgNode(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function setLanguage(next) {
  language = next;
  document.documentElement.lang = next === "zh" ? "zh-CN" : next;
  document.title = text(data.title.key, data.title.values);
  for (const node of document.querySelectorAll("[data-t]")) {
    node.replaceChildren(...nodes(node.dataset.t, JSON.parse(node.dataset.a ?? "{}")));
  }
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", text(node.dataset.tLabel));
  field("language").textContent = text("other_language");
}

// Numbers in the format of the rendered page: thousands with a comma, and a minus sign.
function number(value, digits = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace(/^-(?=0[.0]*$)/, "").replace("-", "−");
}

// What rounds to nothing has no sign.
function signed(value, digits = 0) {
  if (Number(Math.abs(value).toFixed(digits)) === 0) return number(0, digits);
  return value >= 0 ? `+${number(value, digits)}` : number(value, digits);
}

// Money has the log's currency, where it was named, after a space that does not break.
function moneyText(value, digits = 0) {
  const missing = value === null || value === undefined || Number.isNaN(value);
  return data.currency && !missing ? `${number(value, digits)}\u00a0${data.currency}` : number(value, digits);
}

function share(value, digits = 1) {
  return value === null ? "–" : number(100 * value, digits);
}
