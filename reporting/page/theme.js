// The theme is that of the system until the button is pressed; a new theme redraws the charts.
const dark = matchMedia("(prefers-color-scheme: dark)");
let selectedTheme = null;
const afterLanguage = [];

function applyTheme() {
  document.documentElement.dataset.theme = selectedTheme ?? (dark.matches ? "dark" : "light");
}

async function redraw() {
  document.documentElement.dataset.drawn = "no";
  await drawAll();
}

// On paper everything is open.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const each of opened) each.open = true;
});
addEventListener("afterprint", () => {
  for (const each of opened) each.open = false;
});

field("theme").addEventListener("click", () => {
  selectedTheme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  applyTheme();
  redraw();
});
dark.addEventListener("change", () => {
  applyTheme();
  redraw();
});
field("language").addEventListener("click", () => {
  setLanguage(language === "en" ? "zh" : "en");
  for (const refresh of afterLanguage) refresh();
  redraw();
});
