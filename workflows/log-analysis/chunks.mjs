/** A line without what differs from one time to the next: numbers, addresses, hexadecimal ids. */
function shapeOf(line) {
  return line
    .replace(/^\S+\s+/, '')
    .replace(/\b[0-9a-f]{8,}\b/gi, '#')
    .replace(/\d+/g, '#');
}

const timeOf = (line) => /^\S+/.exec(line)?.[0] ?? '';
const linesOf = (log) => log.split('\n').filter((line) => line.trim() !== '');

/**
 * The log in parts of `size` lines. Of lines that differ only in numbers a part shows the first and the last, and says how many stood between
 * them: the same text for the same log, always, and a fraction of it to pay for.
 */
export function chunk({ log, size }) {
  const lines = linesOf(log);
  const parts = [];
  for (let start = 0; start < lines.length; start += size) {
    const part = lines.slice(start, start + size);
    const kinds = new Map();
    for (const line of part) kinds.set(shapeOf(line), [...(kinds.get(shapeOf(line)) ?? []), line]);
    parts.push({
      from: timeOf(part[0]),
      to: timeOf(part.at(-1)),
      lines: part.length,
      errors: part.filter((line) => /\b(ERROR|FATAL)\b/.test(line)).length,
      text: [...kinds.values()].flatMap(shortened).join('\n'),
    });
  }
  return parts;
}

function shortened(lines) {
  return lines.length < 4 ? lines : [lines[0], `  ... ${lines.length - 2} more like it ...`, lines.at(-1)];
}

const SEVERITIES = ['low', 'medium', 'high', 'critical'];

/**
 * Findings of all parts, those that quote the same kind of line made one; how often it occurs is counted in the log itself.
 * The most severe come first, then the earliest.
 */
export function merge({ log, findings }) {
  const lines = linesOf(log);
  const merged = new Map();
  for (const finding of findings) {
    const shape = shapeOf(finding.evidence);
    const same = lines.filter((line) => shapeOf(line) === shape);
    const before = merged.get(shape);
    if (before && SEVERITIES.indexOf(before.severity) >= SEVERITIES.indexOf(finding.severity)) continue;
    merged.set(shape, {
      what: finding.what,
      kind: finding.kind,
      severity: finding.severity,
      evidence: same[0] ?? finding.evidence,
      times: same.length,
      first: timeOf(same[0] ?? finding.evidence),
      last: timeOf(same.at(-1) ?? finding.evidence),
    });
  }
  return [...merged.values()].sort(
    (a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) || (a.first < b.first ? -1 : 1),
  );
}
