/** Words that say what a company is in law, and nothing about which one. */
const LEGAL = /\b(a\/s|as|ab|ag|bv|co|corp|corporation|gmbh|inc|incorporated|limited|llc|ltd|nv|oy|oyj|plc|sa|se|spa)\b\.?/g;

/** A company's name without case, punctuation and legal form: `Volta-Home` and `Volta Home GmbH` are one. */
function keyOf(name) {
  const plain = name
    .toLowerCase()
    .replace(LEGAL, ' ')
    .replace(/[^\p{Letter}\p{Number}]+/gu, ' ')
    .trim();
  return plain === '' ? name.toLowerCase().trim() : plain;
}

const TONE = { negative: -1, neutral: 0, positive: 1 };

/**
 * Mentions from several articles by company: a name that is the beginning of exactly one longer name is that company. With a
 * `watchlist` only its companies are kept, and those that nobody mentions are named. `articles[i]` is null when it could not be read.
 */
export function merge({ articles, names, watchlist }) {
  const companies = new Map();
  for (const [index, article] of articles.entries()) {
    for (const mention of article?.companies ?? []) {
      const key = keyOf(mention.name);
      companies.set(key, [...(companies.get(key) ?? []), { ...mention, article: names[index] }]);
    }
  }
  for (const key of [...companies.keys()]) {
    const longer = [...companies.keys()].filter((one) => one.startsWith(`${key} `));
    if (longer.length !== 1) continue;
    companies.set(longer[0], [...companies.get(longer[0]), ...companies.get(key)]);
    companies.delete(key);
  }
  const wanted = watchlist.map((name) => ({ name, key: keyOf(name) }));
  const fits = (key, wish) => key === wish || key.startsWith(`${wish} `);
  const kept = [...companies].filter(([key]) => wanted.length === 0 || wanted.some((wish) => fits(key, wish.key)));
  return {
    companies: kept.map(([, mentions]) => summarized(mentions)).sort((a, b) => b.mentions - a.mentions || (a.name < b.name ? -1 : 1)),
    silent: wanted.filter((wish) => ![...companies.keys()].some((key) => fits(key, wish.key))).map(({ name }) => name),
  };
}

function summarized(mentions) {
  const names = unique(mentions.map(({ name }) => name));
  const tone = mentions.reduce((sum, { sentiment }) => sum + TONE[sentiment], 0) / mentions.length;
  return {
    name: names.reduce((best, one) => (one.length > best.length ? one : best)),
    also: names.filter((one) => one.length < Math.max(...names.map((name) => name.length))),
    mentions: mentions.length,
    tone: Math.round(tone * 100) / 100,
    articles: unique(mentions.map(({ article }) => article)),
    news: mentions.map(({ news }) => news),
  };
}

const unique = (list) => [...new Set(list)];
