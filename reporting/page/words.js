// Texts in the page's language. Those that are in the page already are replaced when the language is changed.
const data = JSON.parse(document.getElementById("data").textContent);
let language = data.language;

function text(name, filled = {}) {
  let found = data.catalogues[language][name] ?? name.slice(name.lastIndexOf(".") + 1).replaceAll("_", " ");
  for (const [key, value] of Object.entries(filled)) {
    const said = String(value);
    found = found.replaceAll(`{${key}}`, () => (said.startsWith("@") ? text(said.slice(1)) : said));
  }
  return found;
}

// Nodes of a text, *stars* as bold; always as text, so that nothing in it is read as HTML.
function nodes(name, filled) {
  return text(name, filled).split("*").map((part, at) => {
    if (at % 2 === 0) return document.createTextNode(part);
    return element("strong", {}, part);
  });
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function speak(next) {
  language = next;
  document.documentElement.lang = next === "zh" ? "zh-CN" : next;
  document.title = text("page.title");
  for (const each of document.querySelectorAll("[data-t]")) {
    each.replaceChildren(...nodes(each.dataset.t, JSON.parse(each.dataset.a ?? "{}")));
  }
  for (const each of document.querySelectorAll("[data-t-label]")) each.setAttribute("aria-label", text(each.dataset.tLabel));
  document.getElementById("language").textContent = text("other_language");
}

// Numbers look as those that the page was written with: thousands with a comma, a true minus sign.
function number(value, digits = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
}

function signed(value, digits = 0) {
  return value >= 0 ? `+${number(value, digits)}` : number(value, digits);
}

function share(value, digits = 1) {
  return value === null ? "–" : number(100 * value, digits);
}
