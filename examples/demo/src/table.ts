/** Rows under titles; numbers stand to the right. */
export function table(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const titles = Object.keys(rows[0] ?? {});
  const widths = titles.map((title) =>
    Math.max(title.length, ...rows.map((row) => String(row[title]).length)),
  );
  const line = (cells: readonly (string | number)[]) =>
    cells
      .map((cell, n) =>
        typeof cell === "number" ? String(cell).padStart(widths[n] ?? 0) : cell.padEnd(widths[n] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const head = titles.map((title, n) =>
    typeof rows[0]?.[title] === "number" ? title.padStart(widths[n] ?? 0) : title,
  );
  return [line(head), ...rows.map((row) => line(titles.map((title) => row[title] ?? "")))]
    .map((text) => `  ${text}`)
    .join("\n");
}
