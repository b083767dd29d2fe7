// Last on the page of one customer: another id opens the page that holds it.
field("find").addEventListener("submit", (event) => {
  event.preventDefault();
  location.href = customerAddress(field("who").value.trim(), data.parts);
});
addEventListener("hashchange", showCustomer);
let resized;
addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(showCustomer, 100);
});
applyTheme();
setLanguage(language);
drawAll();
