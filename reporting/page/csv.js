// Files for spreadsheets. A text that a spreadsheet would run as a formula gets a leading apostrophe, as in the CSV files of the report.
function csvCell(value) {
  if (value === null || value === undefined) return "";
  const escaped = typeof value === "string" && /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(escaped) ? `"${escaped.replaceAll('"', '""')}"` : escaped;
}

function csvText(names, rows) {
  return [names, ...rows].map((row) => row.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

// Excel reads UTF-8 as such only with a byte order mark.
function saveCsv(name, names, rows) {
  const file = new Blob(["\ufeff", csvText(names, rows)], { type: "text/csv;charset=utf-8" });
  const link = element("a", { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
