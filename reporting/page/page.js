// The report: lists, scatter plot and look-up.
afterLanguage.push(() => {
  showList();
  if (!field("listed").hidden) renderList();
  if (shownId !== null) lookUp(shownId);
});
applyTheme();
setUpLists();
setUpScatterPlot();
setUpLookUp();
setUpWorkshop();
drawAll();
