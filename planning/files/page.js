// Theme and language: the system's until a button is pressed.
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
let chosen = null;

function applyTheme() {
  root.dataset.theme = chosen ?? (dark.matches ? "dark" : "light");
}

function setLanguage(language) {
  root.dataset.language = language;
  root.lang = language === "zh" ? "zh-CN" : "en";
  document.title = root.dataset[language === "zh" ? "titleZh" : "titleEn"];
}

applyTheme();
dark.addEventListener("change", applyTheme);
document.getElementById("theme").addEventListener("click", () => {
  chosen = root.dataset.theme === "dark" ? "light" : "dark";
  applyTheme();
});
document.getElementById("language").addEventListener("click", () => {
  setLanguage(root.dataset.language === "zh" ? "en" : "zh");
});

// On a phone wide tables are shown a row below the other, each figure with the head of its column.
for (const table of document.querySelectorAll("table")) {
  const heads = Array.from(table.tHead.rows[0].cells);
  if (heads.length < 4) continue;
  table.classList.add("stacked");
  for (const row of table.tBodies[0].rows) {
    if (row.cells.length !== heads.length) continue;
    Array.from(row.cells).slice(1).forEach((cell, position) => {
      const label = document.createElement("span");
      label.className = "label";
      label.append(...Array.from(heads[position + 1].childNodes, (node) => node.cloneNode(true)));
      cell.prepend(label);
    });
  }
}
