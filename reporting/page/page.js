// The report: scatter plot, list and look-up.
afterLanguage.push(() => {
  if (!field("listed").hidden) renderList();
  if (shownId !== null) lookUp(shownId);
});
applyTheme();
setUpScatterPlot();
setUpLookUp();
setUpWorkshop();
drawAll();
