// Draws the charts. In a specification, "@t:key" and "@t:key|{values}" are texts of the catalogue, "@" colours of the style.
const views = {};

function filled(value, style) {
  if (typeof value === "string" && value.startsWith("@")) {
    if (!value.startsWith("@t:")) return style.getPropertyValue(`--${value.slice(1)}`).trim();
    const [key, values] = value.slice(3).split("|");
    return text(key, JSON.parse(values ?? "{}"));
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, style));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, style)]));
  }
  return value;
}

function chartConfig(style) {
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const font = style.getPropertyValue("--sans").trim();
  const fonts = { labelFont: font, titleFont: font, labelColor: colour("muted"), titleColor: colour("muted") };
  return {
    background: null,
    font,
    view: { stroke: null },
    axis: {
      ...fonts, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", titlePadding: 10,
      gridColor: colour("line"), domainColor: colour("faint"), tickColor: colour("faint"), labelOverlap: true,
    },
    legend: { ...fonts, labelColor: colour("ink"), labelFontSize: 12, symbolSize: 90, offset: 12 },
    text: { font, fontSize: 12 },
  };
}

async function draw(name) {
  const place = document.getElementById(`chart-${name}`);
  if (!place) return;
  const style = getComputedStyle(document.documentElement);
  const spec = filled({ ...data.charts[name], autosize: { type: "fit-x", contains: "padding" } }, style);
  delete spec.$schema;
  spec.config = chartConfig(style);
  if (name === "swap") spec.datasets = { ...spec.datasets, customers: scatterRows() };
  views[name]?.finalize();
  const result = await vegaEmbed(place, spec, {
    mode: "vega-lite", ast: true, renderer: "canvas", actions: false, defaultStyle: false,
    tooltip: { disableDefaultStyle: true }, logLevel: 1,
  });
  views[name] = result;
  if (name === "swap") listenToBrush(result.view);
}

// Draws the visible charts first, one after another, so that the page stays usable.
async function drawAll() {
  const names = Object.keys(data.charts);
  const top = (name) => Math.abs(document.getElementById(`chart-${name}`)?.getBoundingClientRect().top ?? 1e9);
  names.sort((a, b) => top(a) - top(b));
  for (const name of names) {
    await draw(name);
    await new Promise((next) => setTimeout(next));
  }
  document.documentElement.dataset.drawn = "yes";
}
