import type { Diagnostic } from '../contracts/diagnostic.ts';
import { sortDiagnostics } from '../diagnostics/render.ts';
import { readingsOf } from '../lang/readings.ts';
import { checkCaching } from './caching.ts';
import { checkCapabilities, checkShrinking } from './capabilities.ts';
import { checkChildren } from './children.ts';
import { checkCycles } from './cycles.ts';
import { checkDecided } from './decided.ts';
import { checkExposure } from './exposure.ts';
import { checkFilesThere, checkPaths } from './files.ts';
import { checkHiding } from './hiding.ts';
import { checkKinds } from './kinds.ts';
import { checkLimits } from './limits.ts';
import { checkLoops } from './loops.ts';
import { checkModels } from './models.ts';
import { checkNeeds } from './needs.ts';
import { checkNesting } from './nesting.ts';
import { checkOutputs } from './outputs.ts';
import { checkPartials } from './partials.ts';
import { checkPlaceholders } from './placeholders.ts';
import { checkPromptOrder } from './prompt-order.ts';
import { checkReferences } from './references.ts';
import { checkRoutes } from './routes.ts';
import type { CheckInput, Rule } from './rule.ts';
import { checkSchemas } from './schemas.ts';
import { checkSecrets } from './secrets.ts';
import { checkShapes } from './shapes.ts';
import { checkSkips } from './skips.ts';
import { checkSubWorkflows } from './sub-workflows.ts';
import { checkToolArguments } from './tool-arguments.ts';
import { checkToolDefinitions } from './tool-definitions.ts';
import { checkTools } from './tools.ts';
import { checkUnits } from './units.ts';
import { checkUnused } from './unused.ts';

/** In this order, because of two mistakes at one place the one found first is told: names before what their values are. */
const RULES: readonly Rule[] = [
  checkNeeds,
  checkReferences,
  checkSecrets,
  checkPartials,
  checkHiding,
  checkNesting,
  checkSubWorkflows,
  checkCycles,
  checkKinds,
  checkPaths,
  checkFilesThere,
  checkLimits,
  checkTools,
  checkToolDefinitions,
  checkModels,
  checkCapabilities,
  checkShrinking,
  checkCaching,
  checkSchemas,
  checkShapes,
  checkUnits,
  checkToolArguments,
  checkOutputs,
  checkRoutes,
  checkLoops,
  checkChildren,
  checkSkips,
];

/** What may be better in a file without mistakes; in one with mistakes it would be their echo. */
const ADVICE: readonly Rule[] = [checkUnused, checkPlaceholders, checkExposure, checkDecided, checkPromptOrder];

/**
 * Everything that is wrong with a workflow's meaning, in the order of the file. `sound` is false when its shape had mistakes
 * already. A rule that throws is a bug, and is not caught here.
 */
export function checkWorkflow(input: Omit<CheckInput, 'references'>, sound = true): readonly Diagnostic[] {
  const whole: CheckInput = { ...input, references: readingsOf(input.workflow, input.kinds) };
  const found = findings(RULES, whole);
  if (sound && !found.some(({ diagnostic }) => diagnostic.severity === 'error')) found.push(...findings(ADVICE, whole));
  return sortDiagnostics(withoutEchoes(found));
}

interface Found {
  readonly rule: Rule;
  readonly diagnostic: Diagnostic;
}

function findings(rules: readonly Rule[], input: CheckInput): Found[] {
  const found: Found[] = [];
  for (const rule of rules) rule(input, (diagnostic) => found.push({ rule, diagnostic }));
  return found;
}

/**
 * Without what only follows from something else: of two rules that complain about one place the first is right,
 * and an error outweighs a warning. What one rule says twice about one place is said once.
 */
function withoutEchoes(found: readonly Found[]): Diagnostic[] {
  const kept: Found[] = [];
  const bySeverity = (severity: Diagnostic['severity']): readonly Found[] =>
    found.filter(({ diagnostic }) => diagnostic.severity === severity);
  for (const candidate of [...bySeverity('error'), ...bySeverity('warning')]) {
    if (!kept.some((earlier) => isEcho(candidate, earlier))) kept.push(candidate);
  }
  return kept.map(({ diagnostic }) => diagnostic);
}

function isEcho(later: Found, earlier: Found): boolean {
  const [a, b] = [later.diagnostic, earlier.diagnostic];
  if (later.rule === earlier.rule) return a.at.start === b.at.start && a.at.end === b.at.end && a.message === b.message;
  return a.at.file === b.at.file && a.at.start < b.at.end && b.at.start < a.at.end;
}
