import {
  type Diagnostic,
  fromDollars,
  type Json,
  type JsonObject,
  millis,
  renderDiagnostics,
  renderDuration,
  renderUsd,
  type ScenarioReport,
  type TestFileReport,
  type TestReport,
} from '../engine/index.ts';
import { oneLine, padEnd } from './layout.ts';
import type { Paint } from './paint.ts';

/** Names longer than this are not padded for. */
const WIDEST_NAME = 72;

/** The scenarios of a file, one a line, and below them what does not hold. */
export function renderFile(file: TestFileReport, paint: Paint): string {
  const width = Math.min(WIDEST_NAME, Math.max(0, ...file.scenarios.map(({ name }) => name.length)));
  const lines = file.scenarios.map((scenario) => {
    const mark = scenario.status === 'passed' ? paint.green('✓') : paint.red('✗');
    return `  ${mark} ${padEnd(oneLine(scenario.name, WIDEST_NAME), width)}  ${paint.dim(costOf(scenario))}`;
  });
  const told = [...file.diagnostics, ...file.scenarios.flatMap(({ diagnostics }) => diagnostics)];
  const frames = told.length === 0 ? '' : `\n${renderDiagnostics(told, { format: 'pretty', colour: paint.on })}`;
  return `${paint.bold(file.file)}\n${lines.map((line) => `${line}\n`).join('')}${frames}\n`;
}

function costOf({ modelCalls, cost, unpricedCalls }: ScenarioReport): string {
  const calls = modelCalls === 1 ? '1 call ' : `${modelCalls} calls`;
  if (unpricedCalls > 0 && cost === 0) return `${calls}  price not known`;
  return `${calls}  ${renderUsd(fromDollars(cost))}${unpricedCalls > 0 ? ` and ${unpricedCalls} not priced` : ''}`;
}

/** What of each workflow was seen, and what was not. `least` percent are wanted. */
export function renderCoverage(report: TestReport, paint: Paint, least: number | undefined): string {
  const all = report.coverage ?? [];
  if (all.length === 0) return '';
  const width = Math.max(...all.map(({ workflow }) => workflow.length));
  const lines = all.flatMap(({ workflow, file, percent, taken, ways, notTaken }) => {
    const tone = percent < (least ?? 0) ? paint.red : percent === 100 ? paint.green : paint.yellow;
    const wanted = percent < (least ?? 0) ? `, at least ${least}% wanted` : '';
    return [
      `  ${padEnd(workflow, width)}  ${tone(`${String(percent).padStart(5)}%`)}  ${paint.dim(`${taken} of ${ways} ways taken`)}${wanted}`,
      ...notTaken.map(({ node, what, line }) => `    ${paint.dim(`${file}:${line}`)} ${node}: ${what}`),
    ];
  });
  return `${paint.bold('coverage')}\n${lines.join('\n')}\n`;
}

/** How it went, in a line; and which snapshots were written. */
export function renderSummary(report: TestReport, spent: number, paint: Paint, least: number | undefined): readonly string[] {
  const { passed, failed, files, written } = report;
  const number = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  if (files.length === 0) return ['no tests here: they end in .test.yml'];
  const broken = files.filter(({ diagnostics }) => diagnostics.some(({ severity }) => severity === 'error')).length;
  const short = (report.coverage ?? []).filter(({ percent }) => percent < (least ?? 0)).map(({ workflow }) => workflow);
  const time = `in ${renderDuration(millis(spent))}`;
  const parts = [
    failed > 0 ? `${paint.red(`${failed} of ${number(passed + failed, 'scenario')}`)} ${failed === 1 ? 'does' : 'do'} not hold` : '',
    short.length > 0 ? `the coverage of ${short.join(', ')} is below ${paint.red(`${least}%`)}` : '',
    broken > 0 ? paint.red(`${number(broken, 'file')} ${broken === 1 ? 'has' : 'have'} mistakes`) : '',
  ].filter((part) => part !== '');
  const said =
    parts.length > 0
      ? `${paint.red('✗')} ${parts.join(', ')} ${time}`
      : `${paint.green('✓')} ${number(passed, 'scenario')} ${passed === 1 ? 'holds' : 'hold'} ${time}`;
  return ['', ...written.map((file) => `${paint.green('✓')} ${file} is written`), said];
}

/** The report as `--json` prints it. */
export function reportJson(report: TestReport): JsonObject {
  const files = report.files.map(({ file, workflow, diagnostics, scenarios }) => ({
    file,
    workflow,
    diagnostics: toJson(diagnostics),
    scenarios: scenarios.map((scenario) => ({ ...scenario, diagnostics: toJson(scenario.diagnostics) })),
  }));
  const { passed, failed, coverage, written } = report;
  const value = { schemaVersion: 1, passed, failed, files, ...(coverage && { coverage }), written };
  return value as unknown as JsonObject;
}

function toJson(diagnostics: readonly Diagnostic[]): Json {
  return JSON.parse(renderDiagnostics(diagnostics, { format: 'json', colour: false })) as Json;
}
