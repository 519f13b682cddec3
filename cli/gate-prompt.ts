import type { GateAnswer, Json, JsonObject, RunEvent } from '../engine/index.ts';
import type { Context } from './context.ts';
import { type FormField, formFields, readField } from './form.ts';
import { oneLine } from './layout.ts';
import { quoted } from './run-tree.ts';

/** Asks whoever sits at the terminal what a run asks, one question after the other. */
export interface GatePrompt {
  /** Takes an event of the time before over. */
  onPast(event: RunEvent): void;
  onEvent(event: RunEvent): void;
  /** Takes the question back that is being asked. */
  close(): void;
}

export interface PromptOptions {
  /** Who sits there: questions that this person may not answer are not asked. */
  readonly user: string;
  /** Asks for a line; undefined when there is none, or when the question was taken back. */
  ask(question: string, abort: AbortSignal): Promise<string | undefined>;
  /** Throws what can be told when the answer is not taken. */
  answer(run: string, gate: string, answer: GateAnswer): Promise<unknown>;
  /** Clears the screen for a question, and gives it back. */
  pause(): void;
  resume(): void;
}

type Parked = Extract<RunEvent, { readonly type: 'attempt.parked' }>;
type Request = Extract<Parked['until'], { readonly type: 'approval' }>['request'];

export function createGatePrompt(ctx: Context, options: PromptOptions): GatePrompt {
  const waiting = new Map<string, { readonly run: string; readonly request: Request }>();
  let startedBy: string | undefined;
  let asking: { readonly gate: string; readonly abort: AbortController } | undefined;
  let closed = false;

  const note = (event: RunEvent): void => {
    if (event.type === 'run.started') startedBy = event.by;
    else if (event.type === 'attempt.parked' && event.until.type === 'approval') {
      waiting.set(event.task, { run: event.run, request: event.until.request });
    } else if (event.type === 'attempt.woken' || event.type === 'attempt.cancelled') {
      waiting.delete(event.task);
      if (asking?.gate === event.task) asking.abort.abort();
    }
  };
  const mayAnswer = ({ approvers, requireDifferentApprover }: Request): boolean =>
    (approvers.length === 0 || approvers.includes(options.user)) && !(requireDifferentApprover && startedBy === options.user);

  const askAll = async (): Promise<void> => {
    if (asking || closed) return;
    for (const [gate, { run, request }] of waiting) {
      waiting.delete(gate);
      if (!mayAnswer(request)) continue;
      const abort = new AbortController();
      asking = { gate, abort };
      options.pause();
      try {
        const answer = await askOne(ctx, options, gate, request, abort.signal);
        if (answer) await options.answer(run, gate, answer);
        else if (!abort.signal.aborted) ctx.tell(ctx.err.dim(`left open: dagrun approvals show ${run} ${quoted(gate)}`));
      } catch (error) {
        ctx.tell(`${ctx.err.red('error:')} ${error instanceof Error ? error.message : String(error)}`);
      } finally {
        options.resume();
        asking = undefined;
      }
      if (closed) return;
    }
  };

  return {
    onPast: note,
    onEvent(event) {
      note(event);
      if (waiting.size > 0) void askAll();
    },
    close() {
      closed = true;
      asking?.abort.abort();
    },
  };
}

/** The answer to one question; undefined when it is left open, or taken back. */
async function askOne(
  ctx: Context,
  { ask, user }: PromptOptions,
  gate: string,
  request: Request,
  abort: AbortSignal,
): Promise<GateAnswer | undefined> {
  const { bold, dim } = ctx.err;
  ctx.tell([
    '',
    `${bold(gate)} ${dim('asks')}`,
    ...request.message
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    '',
  ]);
  const said = (await ask('approve? [y]es, [n]o, or Enter to leave it open: ', abort))?.trim().toLowerCase();
  if (said === undefined || !/^(y|yes|n|no)$/.test(said)) return undefined;
  const approved = said.startsWith('y');
  const form = approved && request.form ? await fillIn(request.form, (question) => ask(question, abort)) : undefined;
  const reason = (await ask('reason (may be empty): ', abort))?.trim();
  if (reason === undefined) return undefined;
  return { approved, by: user, ...(reason !== '' && { reason }), ...(form && { form }) };
}

async function fillIn(form: JsonObject, ask: (question: string) => Promise<string | undefined>): Promise<Json | undefined> {
  const filled: Record<string, Json> = {};
  for (const field of formFields(form)) {
    const text = (await ask(`  ${labelOf(field)}: `))?.trim();
    if (text !== undefined && text !== '') filled[field.name] = readField(form, field.name, text);
  }
  return filled;
}

function labelOf({ name, type, required, description, default: value }: FormField): string {
  const facts = [type, required ? '' : value === undefined ? 'may be empty' : `default ${JSON.stringify(value)}`];
  const words = description === undefined ? '' : `  ${oneLine(description, 60)}`;
  return `${name} (${facts.filter((fact) => fact !== '').join(', ')})${words}`;
}
