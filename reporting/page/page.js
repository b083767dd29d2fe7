// Light or dark as the system has it until the button is pressed; then everything is drawn again in the new colours.
const dark = matchMedia("(prefers-color-scheme: dark)");
let chosenTheme = null;

function paint() {
  document.documentElement.dataset.theme = chosenTheme ?? (dark.matches ? "dark" : "light");
}

async function again() {
  document.documentElement.dataset.drawn = "no";
  await drawAll();
}

field("theme").addEventListener("click", () => {
  chosenTheme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  paint();
  again();
});
dark.addEventListener("change", () => {
  paint();
  again();
});
field("language").addEventListener("click", () => {
  speak(language === "en" ? "zh" : "en");
  if (!field("listed").hidden) write();
  if (last !== null) lookUp(last);
  again();
});

paint();
readySwap();
readyLookUp();
drawAll();
