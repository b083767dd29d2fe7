// A customer's history as a picture: the score over time on its bands, and below it the events in one lane for each kind.
const DAY = 86_400_000;
const LANES = ["purchase", "return", "visit", "incentive", "feedback", "usage"];
const [LEFT, RIGHT, TOP, SCORE_HEIGHT, LANE] = [92, 14, 16, 150, 26];

const svgText = (x, y, content, attributes = {}) => svgNode("text", { x, y, ...attributes }, content);
const isoDate = (day) => new Date(day * DAY).toISOString().slice(0, 10);
const dayOf = (date) => Date.parse(date) / DAY;

// Ticks at the first of a month, so far apart that their labels do not touch.
function monthTicks(from, to, most) {
  const ticks = [];
  const first = new Date(from * DAY);
  for (let month = first.getUTCFullYear() * 12 + first.getUTCMonth() + 1; ; month += 1) {
    const day = Date.UTC(Math.floor(month / 12), month % 12, 1) / DAY;
    if (day > to) break;
    ticks.push({ day, month });
  }
  const step = [1, 2, 3, 6, 12, 24, 60].find((each) => ticks.length / each <= most) ?? 120;
  return ticks.filter((tick) => tick.month % step === 0);
}

function eventText(event) {
  const words = event.words.map((word) => text(`word.${word}`));
  const money = event.amount === null ? [] : [moneyText(event.amount, 2)];
  return [text(`event.${event.kind}`), ...money, ...words].join(", ");
}

function bandRows(y, width) {
  return data.bands.flatMap((band, at) => {
    const top = data.bands[at + 1]?.at_least ?? 100;
    const middle = (y(top) + y(band.at_least)) / 2 + 4;
    return [
      svgNode("rect", { class: at % 2 ? "band other" : "band", x: LEFT, y: y(top), width: width - LEFT - RIGHT, height: y(band.at_least) - y(top) }),
      svgText(LEFT - 10, middle, text(`band.${band.name}`), { class: "tick", "text-anchor": "end" }),
    ];
  });
}

// The score stays until the next date, so the line has steps; where a customer had none it has a gap.
function scoreLine(points, x, y) {
  const known = points.filter(([, score]) => score !== null);
  const path = known.map(([day, score], at) => `${at ? "L" : "M"}${x(day).toFixed(1)} ${y(score).toFixed(1)}`).join("");
  return [
    svgNode("path", { class: "score-line", d: path }),
    ...known.slice(-1).map(([day, score]) => svgText(x(day) - 6, y(score) + (score > 85 ? 18 : -8), number(score, 1), { class: "score-now", "text-anchor": "end" })),
    ...known.map(([day, score]) => svgNode("circle", { class: "score-point", cx: x(day), cy: y(score), r: 3.5 },
      svgNode("title", {}, text("timeline.score_at", { date: isoDate(day), score: number(score, 1) })))),
  ];
}

function timelinePicture(customer, width) {
  const cutoff = dayOf(data.as_of);
  const points = data.dates.map((date, at) => [dayOf(date), customer.scores[at]]);
  const from = Math.min(points[0][0], ...customer.events.map((event) => event.day));
  const to = cutoff + data.horizon_days;
  const x = (day) => LEFT + ((day - from) / (to - from)) * (width - LEFT - RIGHT);
  const y = (score) => TOP + SCORE_HEIGHT * (1 - score / 100);
  const lanes = LANES.filter((kind) => customer.events.some((event) => event.kind === kind));
  const lanesTop = TOP + SCORE_HEIGHT + 22;
  const bottom = lanesTop + LANE * lanes.length + 6;
  const largest = Math.max(1, ...customer.events.map((event) => event.amount ?? 0));
  const svg = svgNode("svg", { class: "timeline", viewBox: `0 0 ${width} ${bottom + 26}`, width, height: bottom + 26, role: "img", "aria-label": text("timeline.title") });
  svg.append(svgNode("rect", { class: "outcome", x: x(cutoff), y: TOP, width: x(to) - x(cutoff), height: bottom - TOP }));
  svg.append(...bandRows(y, width), ...scoreLine(points, x, y));
  lanes.forEach((kind, at) => {
    const middle = lanesTop + LANE * (at + 0.5);
    svg.append(svgText(LEFT - 10, middle + 4, text(`event.${kind}`), { class: "tick", "text-anchor": "end" }));
    svg.append(svgNode("line", { class: "lane", x1: LEFT, x2: width - RIGHT, y1: middle, y2: middle }));
    for (const event of customer.events.filter((each) => each.kind === kind)) {
      const radius = 3 + 7 * Math.sqrt((event.amount ?? 0) / largest);
      svg.append(svgNode("circle", { class: `event ${kind}`, cx: x(event.day), cy: middle, r: radius.toFixed(1) },
        svgNode("title", {}, `${isoDate(event.day)}: ${eventText(event)}`)));
    }
  });
  svg.append(svgNode("line", { class: "cutoff", x1: x(cutoff), x2: x(cutoff), y1: TOP - 4, y2: bottom }));
  svg.append(svgText(x(cutoff) - 5, TOP - 5, text("timeline.cutoff", { date: data.as_of }), { class: "tick", "text-anchor": "end" }));
  for (const { day } of monthTicks(from, to, (width - LEFT - RIGHT) / 70)) {
    svg.append(svgText(x(day), bottom + 18, isoDate(day).slice(0, 7), { class: "tick", "text-anchor": "middle" }));
  }
  return svg;
}
