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
