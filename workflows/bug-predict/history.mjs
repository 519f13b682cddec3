/** Words by which people say that a commit mends something. */
const FIX = /\b(fix(es|ed)?|bug|hotfix|regression|revert(s|ed)?|crash(es|ed)?|broken?|wrong|leak)\b/i;

/**
 * The files that changed most, with how often, by how many people and how often it was a fix. `log` is what
 * `git log --numstat --format='commit %h %ad %an%x09%s'` prints, the newest commit first; files that are no longer in `tracked` are left out.
 *
 * `churn` is between 0 and 1, relative to the busiest file: half of it fixes, the rest commits, then people.
 */
export function rank({ log, tracked, most }, context) {
  const files = new Map();
  let commits = 0;
  let commit;
  for (const line of log.split('\n')) {
    const head = /^commit (\S+) (\d{4}-\d{2}-\d{2}) ([^\t]*)\t(.*)$/.exec(line);
    if (head) {
      const [, id, date, author, subject] = head;
      commit = { id, date, author, subject, fix: FIX.test(subject) };
      commits += 1;
      continue;
    }
    const change = /^(\d+|-)\t(\d+|-)\t(.+)$/.exec(line);
    if (!change || !commit) continue;
    const file = files.get(change[3]) ?? { file: change[3], changes: [], added: 0, deleted: 0 };
    file.changes.push(commit);
    // Of a binary file git counts no lines.
    file.added += Number(change[1]) || 0;
    file.deleted += Number(change[2]) || 0;
    files.set(change[3], file);
  }
  const there = new Set(tracked.split('\n'));
  const known = [...files.values()].filter(({ file }) => there.has(file)).map(measured);
  context.log(`${commits} commits, ${files.size} files changed, ${known.length} of them still there`);
  const top = (field) => Math.max(1, ...known.map((one) => one[field]));
  const [fixes, all, people] = [top('fixes'), top('commits'), top('people')];
  return known
    .map((one) => ({ ...one, churn: round((0.5 * one.fixes) / fixes + (0.3 * one.commits) / all + (0.2 * one.people) / people) }))
    .sort((a, b) => b.churn - a.churn || (a.file < b.file ? -1 : 1))
    .slice(0, most);
}

function measured({ file, changes, added, deleted }) {
  return {
    file,
    commits: changes.length,
    fixes: changes.filter(({ fix }) => fix).length,
    people: new Set(changes.map(({ author }) => author)).size,
    added,
    deleted,
    last: changes[0]?.date ?? '',
    fixed: changes
      .filter(({ fix }) => fix)
      .slice(0, 5)
      .map(({ date, subject }) => `${date} ${subject}`),
  };
}

/** A stretch of lines longer than this is cut, and so many stretches are shown. */
const LONGEST = 8;
const STRETCHES = 6;

/**
 * The same files with who wrote the lines they have now, and the youngest stretches of them. `blames` has for each file what
 * `git blame --date=short` prints, or an empty text.
 */
export function withAuthors({ files, blames }) {
  return files.map((file, index) => {
    const lines = (blames[index] ?? '').split('\n').flatMap(blamed);
    const byAuthor = new Map();
    for (const { author } of lines) byAuthor.set(author, (byAuthor.get(author) ?? 0) + 1);
    const owners = [...byAuthor]
      .sort((a, b) => b[1] - a[1])
      .slice(0, 3)
      .map(([author, count]) => ({ author, share: round(count / lines.length) }));
    return { history: file, lines: lines.length, owners, youngest: youngest(lines) };
  });
}

function blamed(line) {
  const match = /^\^?([0-9a-f]{6,}) (?:\S+ +)?\((.+?) +(\d{4}-\d{2}-\d{2}) +(\d+)\) ?(.*)$/.exec(line);
  return match ? [{ commit: match[1], author: match[2], date: match[3], number: Number(match[4]), code: match[5] }] : [];
}

function youngest(lines) {
  const stretches = [];
  for (const line of lines) {
    const last = stretches.at(-1);
    if (last?.commit === line.commit) last.lines.push(line.code);
    else stretches.push({ commit: line.commit, author: line.author, date: line.date, from: line.number, lines: [line.code] });
  }
  return stretches
    .sort((a, b) => (a.date === b.date ? a.from - b.from : a.date < b.date ? 1 : -1))
    .slice(0, STRETCHES)
    .map(({ author, date, from, lines: code }) => ({ author, date, from, code: code.slice(0, LONGEST).join('\n') }));
}

const round = (value) => Math.round(value * 100) / 100;
