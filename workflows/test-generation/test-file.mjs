/**
 * A test file for `node --test`, from cases that are data: arguments and expected values are printed as JSON, so that nothing a model
 * says is ever code. `coverage` is an estimate: the share of ways through each function that its cases claim to take.
 */
export function render({ functions, import_from }) {
  const tested = functions.filter(({ cases }) => cases.length > 0);
  const names = tested.map(({ name }) => name);
  const blocks = tested.map(({ name, cases }) => {
    const tests = cases.map((one) => `  test(${text(one.title)}, () => {\n    ${assertion(name, one)}\n  });`);
    return `describe(${text(name)}, () => {\n${tests.join('\n\n')}\n});`;
  });
  const head = [
    `import assert from 'node:assert/strict';`,
    `import { describe, test } from 'node:test';`,
    ...(names.length > 0 ? [`import { ${names.join(', ')} } from ${text(import_from)};`] : []),
  ];
  const coverage = functions.map(({ name, ways, cases }) => {
    const lines = [...new Set(ways.map(({ line }) => line))];
    const on = (line, list) => list.filter((one) => one.line === line).length;
    const reached = sum(lines.map((line) => Math.min(on(line, ways), on(line, cases))));
    return { name, cases: cases.length, ways: ways.length, covered: share(reached, ways.length) };
  });
  const ways = sum(coverage.map((one) => one.ways));
  return {
    text: `${[head.join('\n'), ...blocks].join('\n\n')}\n`,
    count: sum(tested.map(({ cases }) => cases.length)),
    coverage: share(sum(coverage.map((one) => one.covered * one.ways)), ways),
    functions: coverage,
  };
}

function assertion(name, { args, outcome, value, message }) {
  const call = `${name}(${args.map(literal).join(', ')})`;
  if (outcome === 'throws') return `assert.throws(() => ${call}, { message: ${text(message ?? '')} });`;
  return `assert.deepEqual(${call}, ${literal(value ?? null)});`;
}

/** JSON that is also a JavaScript literal. */
const literal = (value) => JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
const text = (value) => literal(String(value));
const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
const share = (part, whole) => (whole === 0 ? 0 : Math.round((part / whole) * 100) / 100);
