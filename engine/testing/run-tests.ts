import { dirname, relative, resolve } from 'node:path';
import { positionAt } from '../base/position.ts';
import type { Diagnostic } from '../contracts/diagnostic.ts';
import type { LoadedWorkflow, Surroundings } from '../contracts/engine.ts';
import type { RunEvent } from '../contracts/event.ts';
import { DagrunError } from '../errors.ts';
import { loadWorkflow } from '../load.ts';
import { type CoverageCount, createCoverage, innerRuns } from './coverage.ts';
import { judge } from './judge.ts';
import { chosenScenarios, type LoadedTest, loadTest } from './load-test.ts';
import { play, type Seen } from './play.ts';
import { scenarioNames, scenarioOf } from './scenario.ts';
import { openSnapshots } from './snapshots.ts';
import { createSharedUse, judgeUnused, type SharedUse } from './unused.ts';

export interface TestOptions extends Surroundings {
  /** Only the scenarios of these names. */
  readonly scenarios?: readonly string[];
  /** Writes snapshots anew. */
  readonly update?: boolean;
  /** Called as soon as a scenario is over. */
  readonly onScenario?: (file: TestFileReport, scenario: ScenarioReport) => void;
}

/** What tests came to. */
export interface TestReport {
  readonly passed: number;
  readonly failed: number;
  readonly files: readonly TestFileReport[];
  /** By workflow; absent when only some scenarios were run. */
  readonly coverage?: readonly WorkflowCoverage[];
  /** Snapshot files that were written, relative to `cwd`. */
  readonly written: readonly string[];
  /** Every file the tests are made of, absolute. */
  readonly involved: readonly string[];
}

export interface TestFileReport {
  /** Relative to `cwd`. */
  readonly file: string;
  readonly workflow: string | null;
  /** Mistakes of the file: with errors among them, none of its scenarios was run. */
  readonly diagnostics: readonly Diagnostic[];
  readonly scenarios: readonly ScenarioReport[];
}

export interface ScenarioReport {
  readonly name: string;
  /** Of its name in the file. */
  readonly line: number;
  readonly status: 'passed' | 'failed';
  /** What does not hold, and warnings. */
  readonly diagnostics: readonly Diagnostic[];
  /** How its run ended; null when it could not begin. */
  readonly run: Seen['result']['status'] | null;
  readonly modelCalls: number;
  /** In dollars, as if models had been asked. */
  readonly cost: number;
  /** Calls whose cost nobody knows, because of the model or because they failed: they are not in `cost`. */
  readonly unpricedCalls: number;
}

/** Which ways through a workflow its tests have taken. */
export interface WorkflowCoverage {
  readonly workflow: string;
  /** Relative to `cwd`. */
  readonly file: string;
  readonly ways: number;
  readonly taken: number;
  readonly percent: number;
  readonly notTaken: readonly { readonly node: string; readonly what: string; readonly line: number }[];
}

/**
 * Runs the scenarios of test files, in this process and offline, and compares. A scenario that fails is a result, not an
 * exception. Throws DagrunError for a file that cannot be read and for a scenario that does not exist.
 */
export async function runTests(files: readonly string[], options: TestOptions = {}): Promise<TestReport> {
  const cwd = resolve(options.cwd ?? '.');
  const around = { cwd, env: {} };
  const tests: LoadedTest[] = [];
  for (const file of files) tests.push(await loadTest(file, around));
  const isChosen = chosenScenarios(tests, options.scenarios ?? []);
  const coverage = countAll(around);
  const reports: TestFileReport[] = [];
  const written: string[] = [];
  for (const test of tests) {
    const { ready } = test;
    const scenarios: ScenarioReport[] = [];
    const diagnostics = [...test.diagnostics];
    const report = { file: shown(test.file, cwd), workflow: ready?.workflow.name ?? null, diagnostics, scenarios };
    reports.push(report);
    if (!ready) continue;
    coverage.of(ready.workflow);
    const snapshots = openSnapshots(test.file, options.update ?? false);
    const shared = createSharedUse();
    for (const name of scenarioNames(ready.test).filter(isChosen)) {
      const made = await runScenario(name, ready, { coverage, snapshots, shared }, around);
      scenarios.push(made);
      options.onScenario?.(report, made);
    }
    // Where one could not run, or was not to, others may be the ones that use something.
    if ((options.scenarios ?? []).length === 0 && scenarios.every(({ run }) => run !== null)) diagnostics.push(...shared.unused());
    if (snapshots.write((options.scenarios ?? []).length === 0)) written.push(shown(snapshots.file, cwd));
  }
  const all = reports.flatMap((report) => report.scenarios);
  return {
    passed: all.filter((scenario) => scenario.status === 'passed').length,
    failed: all.filter((scenario) => scenario.status === 'failed').length,
    files: reports,
    ...((options.scenarios ?? []).length === 0 && { coverage: coverage.all().map((one) => coverageOf(one, cwd)) }),
    written,
    involved: [...new Set(tests.flatMap((test) => test.involved))],
  };
}

/** What is kept over several scenarios. */
interface Counting {
  readonly coverage: ReturnType<typeof countAll>;
  readonly snapshots: ReturnType<typeof openSnapshots>;
  readonly shared: SharedUse;
}

async function runScenario(
  name: string,
  { test, workflow }: NonNullable<LoadedTest['ready']>,
  { coverage, snapshots, shared }: Counting,
  around: Surroundings,
): Promise<ScenarioReport> {
  const scenario = scenarioOf(test, name, workflow.plan);
  const { document } = test;
  const line = positionAt(document.file, document.spanOf(scenario.path, 'key').start).line;
  let seen: Seen;
  try {
    seen = await play(scenario, workflow, around);
  } catch (error) {
    if (!(error instanceof DagrunError)) throw error;
    const at = document.spanOf(scenario.path, 'key');
    const own: Diagnostic = {
      code: 'DAG746',
      severity: 'error',
      message: `the run of "${name}" could not be made`,
      at,
      details: [error.message],
      ...(error.help !== undefined && { help: error.help }),
    };
    const diagnostics = error.diagnostics.length > 0 ? error.diagnostics : [own];
    return { name, line, status: 'failed', diagnostics, run: null, modelCalls: 0, cost: 0, unpricedCalls: 0 };
  }
  await coverage.add(workflow, seen.events);
  shared.note(scenario);
  const snapshot = scenario.expect.snapshot === true && seen.result.status === 'succeeded';
  const diagnostics = [
    ...judge(scenario, seen, document),
    ...(snapshot ? snapshots.compare(scenario, seen.result.outputs, document) : []),
    ...judgeUnused(scenario, document),
  ];
  return {
    name,
    line,
    status: diagnostics.some(({ severity }) => severity === 'error') ? 'failed' : 'passed',
    diagnostics,
    run: seen.result.status,
    modelCalls: seen.events.filter((event) => event.type === 'model.called').length,
    cost: seen.result.cost.total,
    unpricedCalls: seen.result.cost.unpricedCalls,
  };
}

interface Counted {
  readonly workflow: LoadedWorkflow;
  readonly count: CoverageCount;
}

/** Counts by file what runs have seen, of workflows that were run and of those that they run inside. */
function countAll(around: Surroundings): {
  /** The count of a workflow, which is told of from then on. */
  of(workflow: LoadedWorkflow): Counted;
  add(workflow: LoadedWorkflow, events: readonly RunEvent[]): Promise<void>;
  /** In the order in which they were first seen. */
  all(): readonly Counted[];
} {
  const counts = new Map<string, Counted>();
  const of = (workflow: LoadedWorkflow): Counted => {
    const known = counts.get(workflow.file);
    if (known) return known;
    const made = { workflow, count: createCoverage(workflow.plan) };
    counts.set(workflow.file, made);
    return made;
  };
  return {
    of,
    async add(workflow, events) {
      of(workflow).count.add(events);
      for (const inner of innerRuns(workflow.plan, events)) {
        const file = resolve(dirname(workflow.file), inner.file);
        const counted = counts.get(file) ?? of(await loadWorkflow(file, around));
        counted.count.add(inner.events);
      }
    },
    all: () => [...counts.values()],
  };
}

function coverageOf({ workflow, count }: Counted, cwd: string): WorkflowCoverage {
  const { document } = workflow;
  const ways = count.points.length;
  const uncovered = count.uncovered();
  const taken = ways - uncovered.length;
  return {
    workflow: workflow.name,
    file: shown(workflow.file, cwd),
    ways,
    taken,
    percent: ways === 0 ? 100 : Math.floor((taken / ways) * 1000) / 10,
    notTaken: uncovered.map(({ node, unseen, path }) => ({
      node,
      what: unseen,
      line: positionAt(document.file, document.spanOf(path, 'key').start).line,
    })),
  };
}

function shown(file: string, cwd: string): string {
  return relative(cwd, file) || file;
}
