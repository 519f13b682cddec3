/** The public API. */
export { answerGate, explainGate, listGates } from './approvals.ts';
export { type Brand, type Instant, type Millis, millis, type NodeId, nanoUsd, type RunId, type TaskKey, type Usd } from './base/ids.ts';
export type { Json, JsonObject, JsonSchema } from './base/json.ts';
export { diffWords, type Piece, unifiedDiff } from './base/text-diff.ts';
export { fromDollars, parseDuration, parseSize, renderDuration, renderSize, renderTokens, renderUsd, toDollars } from './base/units.ts';
export { type CachePruning, clearCache, pruneCache, summarizeCache } from './cache.ts';
export type { Code, Diagnostic } from './contracts/diagnostic.ts';
export type {
  CallPrice,
  EdgeChange,
  FieldChange,
  NodeChange,
  NodeReuse,
  PriceChange,
  SchemaChange,
  SignatureChange,
  WorkflowDiff,
} from './contracts/diff.ts';
export type {
  CacheSummary,
  Finding,
  GateAnswer,
  InputSummary,
  LoadedWorkflow,
  ModelSummary,
  OpenGate,
  ResumeOptions,
  RunOptions,
  ServerUpdate,
  Surroundings,
  ToolSummary,
  WorkflowSummary,
} from './contracts/engine.ts';
export type { EventBody, EventType, Next, RunEvent, RunStatus, SkipReason, Value, Votes } from './contracts/event.ts';
export type { Failure, FailureType } from './contracts/failure.ts';
export type { WakeCondition } from './contracts/node-kind.ts';
export type { Edge, Plan, PlanInput, PlanNode, PlanOutput, Stage } from './contracts/plan.ts';
export type { ModelCall, Tier, Usage } from './contracts/provider.ts';
export type { CostReport, ItemResult, NodeResult, ResultError, RunResult, Tokens } from './contracts/result.ts';
export type { Document, Path, SourceFile, Span } from './contracts/source.ts';
export { StoreFailed } from './contracts/store.ts';
export type { CodeEntry } from './diagnostics/code-entry.ts';
export { allCodes, explainCode } from './diagnostics/codes.ts';
export { renderDiagnostics } from './diagnostics/render.ts';
export { displayWidth } from './diagnostics/width.ts';
export { diffWorkflows } from './diff.ts';
export { DagrunError, InputsInvalid, WorkflowInvalid } from './errors.ts';
export { examine, listModels } from './examine.ts';
export { explainEdges } from './explain-edges.ts';
export { explainReuse, isItemOf, type ReuseOfNode, type ReuseReport } from './explain-reuse.ts';
export { exportRun, importRun } from './export-run.ts';
export { documentBeside, type FiledRun, findRun, openRun, readRun } from './filed-runs.ts';
export { type Forked, forkRun } from './fork-run.ts';
export { type InDoubt, type Past, watchPast } from './in-doubt.ts';
export { describeInputs, type GivenInputs, parseInputs } from './inputs.ts';
export { yamlText } from './lang/yaml-text.ts';
export { checkWorkflow, findWorkflow, listWorkflows, loadWorkflow } from './load.ts';
export type { DiffedNode, RunDiff } from './observe/compare.ts';
export type { RunSummary } from './observe/run-list.ts';
export type { AttemptStory, CallStory, NodeStory, RunStory, TaskStory, ToolCallStory, WaitStory } from './observe/story.ts';
export type { NodeReasons } from './observe/why.ts';
export { resume, run } from './on-demand.ts';
export {
  candidatesOf,
  casesOf,
  childFile,
  higherTiers,
  innerNodes,
  judgeOf,
  loopEnds,
  tierOf,
  tiersByData,
  toolsOf,
} from './plan/describe.ts';
export { diffCounts, likenessInWords, modelsInWords, PRICED_CALL, priceInWords, VERDICTS, valueInWords } from './plan/diff-in-words.ts';
export type { EdgeExplained, EdgesExplained, NodeExplained, OutputExplained, ReadExplained } from './plan/explain-edges.ts';
export { renderPlan } from './plan/render.ts';
export { renderDiffMarkdown } from './plan/render-diff-markdown.ts';
export { keepsRuns } from './project-store.ts';
export { promptSplits } from './prompt-splits.ts';
export { itemOf, nodeKeyOf, pathOf, taskAround, unitOf } from './run/address.ts';
export { answersFor } from './run/answerers.ts';
export { addVotes } from './run/node-tally.ts';
export { type Place, placeTree } from './run/places.ts';
export { type IndexedNode, indexPlan, type PlanIndex } from './run/plan-index.ts';
export { type Cancelled, cancelRun, diffRuns, explainNode, listRuns, pruneRuns, readEvents } from './runs.ts';
export { listTools, lockOf, updateTools, withServerTools } from './server-tools.ts';
export { type SignalledRun, type SignalOptions, signal } from './signals.ts';
export { findTests } from './testing/find-tests.ts';
export { recordRun, renderRecording } from './testing/record.ts';
export {
  runTests,
  type ScenarioReport,
  type TestFileReport,
  type TestOptions,
  type TestReport,
  type WorkflowCoverage,
} from './testing/run-tests.ts';
