import { hash } from 'node:crypto';
import { posix } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { acting } from '../base/failpoint.ts';
import { type Millis, millis } from '../base/ids.ts';
import { canonicalText, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import { renderDuration } from '../base/units.ts';
import { Failed } from '../contracts/failure.ts';
import { type NodeKind, Parked, type TaskContext } from '../contracts/node-kind.ts';
import type {
  OfferedTool,
  OpenToolBox,
  PlanTool,
  PlanToolWork,
  ToolBook,
  ToolCalled,
  ToolOutcome,
  ToolsOf,
  ToolUse,
} from '../contracts/tool.ts';
import { compileSpec } from '../lang/notation.ts';
import { withoutSecrets } from '../lang/sealed-text.ts';
import { serverIn, toolsNamed } from '../lang/tool-names.ts';
import { compileValidator } from '../lang/validate.ts';
import type { Servers } from './servers.ts';

/** What the tools of a run have in common. */
export interface ToolsOptions {
  /** Whose work tools can do. */
  readonly kinds: readonly NodeKind[];
  readonly servers: Servers;
  readonly clock: Clock;
  /** The file of the run's workflow, for messages. */
  readonly workflow: string;
  /** Runs a workflow that is called as a tool: its outputs, or that a call it made is in doubt. Throws Failed. */
  runWorkflow(
    name: string,
    work: Extract<PlanToolWork, { readonly type: 'workflow' }>,
    args: JsonObject,
    ctx: TaskContext,
    book: ToolBook | undefined,
  ): Promise<ToolOutcome>;
  /** What stands in for a call; undefined when the tool is called. */
  standIn?(tool: PlanTool, use: ToolUse, ctx: TaskContext): ToolOutcome | undefined;
}

/** How long a tool may take to notice that its time is up, before its call is given up without it. */
const GRACE: Millis = millis(2000);

/** Gives tasks their tools. A tool does what a node of its kind does, or what a server does for it. */
export function createTools({ kinds, servers, clock, workflow, runWorkflow, standIn }: ToolsOptions): OpenToolBox {
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));

  return (of, ctx, book) => ({
    offered: (names) =>
      toolsNamed(names, Object.keys(of.plan.tools)).flatMap((name): readonly OfferedTool[] => {
        const tool = of.plan.tools[name];
        return tool ? [{ name, description: tool.description, input: tool.input, approve: tool.approve === true }] : [];
      }),

    async call(use) {
      const tool = Object.hasOwn(of.plan.tools, use.tool) ? of.plan.tools[use.tool] : undefined;
      if (tool === undefined) return { status: 'failed', message: whyMissing(of, use.tool) };
      const { args, turn, id } = use;
      const place = { tool: use.tool, ...(turn !== undefined && { turn }), ...(id !== undefined && { id }) };
      const request = hash('sha256', canonicalText({ ...place, args }), 'base64url');
      const before = book?.made(request);
      if (before?.status === 'succeeded')
        return { status: 'succeeded', output: before.result, ...(before.images && { images: before.images }) };
      if (before?.status === 'failed') return { status: 'failed', message: String(before.result) };
      if (before?.status === 'begun') return { status: 'in_doubt', request };

      const started = clock.now();
      const record = async (status: 'begun' | ToolOutcome['status'], result: Json, images?: ToolCalled['images']): Promise<void> => {
        if (status === 'in_doubt') return;
        const latency = millis(Math.max(0, clock.now() - started));
        await book?.record({ ...place, args, request, status, result, ...(images && { images }), latency });
      };
      const wrong = argumentProblems(args, tool.input);
      let outcome: ToolOutcome | undefined;
      if (wrong.length > 0) outcome = { status: 'failed', message: `the arguments do not fit: ${wrong.join('; ')}` };
      else outcome = standIn?.(tool, use, ctx);
      if (outcome === undefined) {
        if (tool.idempotent === false) await record('begun', null);
        outcome = await acting('tool', () => inTime(tool, ctx.abort, (abort) => work(of, use.tool, tool, args, { ...ctx, abort }, book)));
      }
      if (outcome.status === 'succeeded') await record(outcome.status, outcome.output, outcome.images);
      else await record(outcome.status, outcome.status === 'failed' ? outcome.message : null);
      return outcome;
    },
  });

  function whyMissing({ plan }: ToolsOf, name: string): string {
    const server = serverIn(name);
    const known = server === undefined ? undefined : plan.servers[server];
    if (known === undefined || known.offers) return `there is no tool "${name}"`;
    return `what tools the server "${server}" has is not known: \`dagrun tools update ${workflow}\` asks it`;
  }

  async function work(
    of: ToolsOf,
    name: string,
    { does }: PlanTool,
    args: Json,
    ctx: TaskContext,
    book: ToolBook | undefined,
  ): Promise<ToolOutcome> {
    const { plan, partials, scope, folder } = of;
    if (does.type === 'workflow') {
      const within = { ...does, folder: posix.join(folder, does.folder).replace(/^\.$/, '') };
      return runWorkflow(name, within, isObject(args) ? args : {}, ctx, book);
    }
    if (does.type === 'mcp') {
      const server = plan.servers[does.server];
      if (server === undefined) return { status: 'failed', message: `there is no server "${does.server}"` };
      return servers.call({ ...of, name: does.server, server }, does.tool, isObject(args) ? args : {}, ctx.abort);
    }
    const kind = byName.get(does.kind);
    if (kind === undefined) return { status: 'failed', message: `"${name}" is of a kind that is not there` };
    const told = new Map<string, string>();
    const outside = { ...ctx.outside, secret: (secret: string) => noted(ctx.outside.secret(secret), secret, told) };
    try {
      const spec = compileSpec(kind.schema, does.spec, partials)({ ...scope, args });
      const given = await kind.execute(spec, { ...ctx, outside, outputSchema: undefined, problemsOf: () => [] });
      if (given instanceof Parked) return { status: 'failed', message: 'it waits for something, which a tool cannot' };
      return { status: 'succeeded', output: withoutSecrets(given, told) };
    } catch (error) {
      throw error instanceof Failed ? new Failed(withoutSecrets(error.failure, told)) : error;
    }
  }

  /** What came of a call within its time. What the tool failed of is an outcome, unless the task as a whole is given up. */
  async function inTime(tool: PlanTool, abort: AbortSignal, make: (abort: AbortSignal) => Promise<ToolOutcome>): Promise<ToolOutcome> {
    abort.throwIfAborted();
    const own = new AbortController();
    const stop = (): void => own.abort(abort.reason);
    abort.addEventListener('abort', stop, { once: true });
    const message = `it did not end within ${renderDuration(tool.timeout)}`;
    let cancelGrace: (() => void) | undefined;
    let giveUp: () => void = () => {};
    const late = new Promise<ToolOutcome>((resolve) => {
      giveUp = () => resolve({ status: 'failed', message });
    });
    const cancel = clock.after(tool.timeout, () => {
      own.abort(new Failed({ type: 'timed_out', message, after: tool.timeout }));
      cancelGrace = clock.after(GRACE, giveUp);
    });
    try {
      const outcome = await Promise.race([make(own.signal), late]);
      // What comes of being stopped is no answer: neither to the task, which is given up, nor to the model.
      abort.throwIfAborted();
      return own.signal.aborted ? { status: 'failed', message } : outcome;
    } catch (error) {
      if (abort.aborted) throw error;
      if (own.signal.aborted) return { status: 'failed', message };
      if (error instanceof Failed && error.failure.type !== 'cancelled') return { status: 'failed', message: error.failure.message };
      throw error;
    } finally {
      cancel();
      cancelGrace?.();
      abort.removeEventListener('abort', stop);
    }
  }
}

function noted(value: string, name: string, told: Map<string, string>): string {
  told.set(name, value);
  return value;
}

/** What is wrong with arguments, in words a model can act on. A schema of a server that cannot be read lets everything through. */
function argumentProblems(args: Json, input: JsonSchema): readonly string[] {
  // What could not be read as JSON has stayed a text.
  if (typeof args === 'string') return ['they are not valid JSON; they must be an object'];
  if (!isObject(args)) return ['they must be an object'];
  try {
    return compileValidator(input)(args).map((problem) => problem.message);
  } catch {
    return [];
  }
}
