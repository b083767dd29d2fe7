// The loyalty formula, as features/loyalty/scoring_one.py has it: the same operations in the same order, so equal to the bit.
const BAND_TOLERANCE = 1e-9;

// values: a customer's columns by name, null where unknown. Returns the score, or null without a part that has data.
function scoreOf(values, formula) {
  let total = 0;
  let weight = 0;
  for (const part of formula.parts) {
    if (part.data !== null && !(values[part.data] !== null && values[part.data] > 0)) continue;
    const value = values[part.column];
    if (value === null) continue;
    const p = value / part.maximum;
    total += part.weight * (p < 0 ? 0 : p > 1 ? 1 : p);
    weight += part.weight;
  }
  return weight > 0 ? Math.min((100 * total) / weight, 100) : null;
}

// The name of the highest band whose threshold the score reaches, or null without a score.
function bandOf(score, formula) {
  if (score === null) return null;
  let found = null;
  for (const band of formula.bands) if (band.at_least <= score + BAND_TOLERANCE) found = band.name;
  return found;
}

function formulaIsValid(formula) {
  const finite = formula.parts.every(({ weight, maximum }) => Number.isFinite(weight) && Number.isFinite(maximum));
  const inRange = formula.parts.every(({ weight, maximum }) => weight >= 0 && maximum > 0);
  const rising = formula.bands.every((band, at) => Number.isFinite(band.at_least) && band.at_least <= 100 &&
    (at === 0 ? band.at_least === 0 : band.at_least > formula.bands[at - 1].at_least));
  return finite && inRange && rising && formula.parts.some(({ weight }) => weight > 0);
}

// A text as a TOML string; JSON's escapes are TOML's, but for the control character 7f.
const tomlText = (text) => JSON.stringify(text).replaceAll("\u007f", "\\u007f");

// The file that `regulars score --formula` reads. date: like 2026-11-27.
function formulaToml(formula, version, reason, date) {
  const number = (value) => (Object.is(value, -0) ? "0" : String(value));
  const lines = [`version = ${tomlText(version)}`, `date = ${date}`, `reason = ${tomlText(reason)}`];
  for (const part of formula.parts) {
    lines.push("", `[parts.${part.name}]`, `column = ${tomlText(part.column)}`, `maximum = ${number(part.maximum)}`, `weight = ${number(part.weight)}`);
    if (part.data !== null) lines.push(`data = ${tomlText(part.data)}`);
  }
  lines.push("", "[bands]", ...formula.bands.map((band) => `${tomlText(band.name)} = ${number(band.at_least)}`));
  lines.push("", "[maxima]", ...Object.entries(formula.maxima).map(([name, value]) => `${name} = ${number(value)}`));
  return `${lines.join("\n")}\n`;
}
