import { systemClock } from './base/clock.ts';
import { instant, type RunId, runId, taskKey } from './base/ids.ts';
import { isObject, type Json } from './base/json.ts';
import type { GateAnswer, OpenGate, Surroundings } from './contracts/engine.ts';
import type { InboxMessage, RunRecord, Store } from './contracts/store.ts';
import { suggest } from './diagnostics/suggest.ts';
import { DagrunError } from './errors.ts';
import { type Question, type Questions, questionsIn } from './observe/approvals.ts';
import { deadBefore } from './owner.ts';
import { openProjectStore } from './project-store.ts';
import { refusalOf } from './run/answer-rules.ts';
import { runsUnderWay } from './run/send-signal.ts';

/** Every question that waits for a person, in all runs of the project: of the newest run first, in the order they were asked. */
export async function listGates(around: Surroundings = {}): Promise<readonly OpenGate[]> {
  return withStore(around, gatesIn);
}

/**
 * Answers a gate of a run: the answer is posted, and taken by whoever drives the run, or by whoever resumes it. Gives the gate as it was.
 * Throws DagrunError when there is no such gate, when it was answered before, or when this answer cannot be taken.
 */
export async function answerGate(run: string, gate: string, answer: GateAnswer, around: Surroundings = {}): Promise<OpenGate> {
  return withStore(around, (store) => postAnswer(store, run, gate, answer));
}

/** Throws DagrunError that says why a gate is not open: it was answered, and by whom, or there is none of that name. */
export async function explainGate(run: string, gate: string, around: Surroundings = {}): Promise<never> {
  return withStore(around, async (store) => {
    const { record, questions } = await questionsOf(store, run);
    throw notOpen(record, gate, questions);
  });
}

async function withStore<T>(around: Surroundings, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openProjectStore(around);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** As listGates, of a store that is open. */
async function gatesIn(store: Store): Promise<readonly OpenGate[]> {
  const gates: OpenGate[] = [];
  for (const record of await runsUnderWay(store))
    gates.push(...(await gatesOf(store, record, await questionsIn(store.journal.read(record.id)))));
  return gates;
}

async function gatesOf(store: Store, record: RunRecord, questions: Questions): Promise<readonly OpenGate[]> {
  if (questions.open.size === 0) return [];
  const posted = await answersPosted(store, record.id);
  const now = systemClock.now();
  const driven = record.owner !== null && record.beatAt !== null && record.beatAt >= deadBefore(record.owner, now);
  return [...questions.open.values()].map((question) => ({
    run: record.id,
    workflow: record.workflow,
    gate: question.task,
    message: question.request.message,
    ...(question.request.form && { form: question.request.form }),
    approvers: question.request.approvers,
    requireDifferentApprover: question.request.requireDifferentApprover,
    startedBy: questions.startedBy,
    askedAt: new Date(question.askedAt).toISOString(),
    expiresAt: question.deadline === null ? null : new Date(question.deadline).toISOString(),
    driven,
    posted: posted(question),
  }));
}

type PostedAnswer = Extract<InboxMessage, { type: 'answer' }>;

/** Finds the first answer to a question that lies in the inbox of a run. */
async function answersPosted(store: Store, run: RunId): Promise<(question: Question) => OpenGate['posted']> {
  const posted = (await store.inbox.read(run)).flatMap(({ message }): readonly PostedAnswer[] =>
    message.type === 'answer' ? [message] : [],
  );
  return ({ task, attempt }) => {
    const first = posted.find((message) => message.task === task && message.attempt === attempt);
    return first ? { approved: first.wake.approved, by: first.wake.by } : null;
  };
}

/** As answerGate, into a store that is open. */
async function postAnswer(store: Store, run: string, gate: string, answer: GateAnswer): Promise<OpenGate> {
  const { record, questions } = await questionsOf(store, run);
  const question = questions.open.get(taskKey(gate));
  if (!question) throw notOpen(record, gate, questions);
  const [open] = (await gatesOf(store, record, questions)).filter((one) => one.gate === gate);
  if (!open) throw notOpen(record, gate, questions);

  const by = `${gate} of ${record.id}`;
  if (open.posted !== null) {
    throw new DagrunError(`${by} was ${open.posted.approved ? 'approved' : 'rejected'} by ${open.posted.by} already`, {
      exitCode: 2,
      help: open.driven ? 'the run takes it in a moment' : `the run takes it when it goes on: dagrun resume ${record.id}`,
    });
  }
  const now = systemClock.now();
  if (question.deadline !== null && now > question.deadline) {
    throw new DagrunError(`the time to answer ${by} was over at ${open.expiresAt}`, {
      exitCode: 2,
      help: `the run goes on without an answer: dagrun resume ${record.id}`,
    });
  }
  const form = withDefaults(question, answer);
  const refusal = refusalOf(question.request, questions.startedBy, { approved: answer.approved, by: answer.by, form });
  if (refusal !== undefined) {
    throw new DagrunError(`${by} cannot be ${answer.approved ? 'approved' : 'rejected'}: ${refusal}`, {
      exitCode: 2,
      help: `\`dagrun approvals show ${record.id} ${/^[\w-]+$/.test(gate) ? gate : `'${gate}'`}\` shows what is asked, and who may answer`,
    });
  }
  await store.inbox.post(
    record.id,
    {
      type: 'answer',
      task: question.task,
      attempt: question.attempt,
      wake: { type: 'answered', approved: answer.approved, by: answer.by, reason: answer.reason ?? null, form },
    },
    instant(now),
  );
  return open;
}

async function questionsOf(store: Store, run: string): Promise<{ readonly record: RunRecord; readonly questions: Questions }> {
  const record = await store.runs.find(runId(run));
  if (!record)
    throw new DagrunError(`there is no run ${run}`, { exitCode: 2, help: '`dagrun approvals list` shows what waits for an answer' });
  return { record, questions: await questionsIn(store.journal.read(record.id)) };
}

function notOpen(record: RunRecord, gate: string, { open, settled }: Questions): DagrunError {
  const past = settled.get(taskKey(gate));
  if (past?.answer) {
    const { approved, by } = past.answer;
    const at = new Date(past.at).toISOString();
    return new DagrunError(`${gate} of ${record.id} was ${approved ? 'approved' : 'rejected'} by ${by} at ${at}: the first answer counts`, {
      exitCode: 2,
    });
  }
  if (past)
    return new DagrunError(`${gate} of ${record.id} was settled without an answer at ${new Date(past.at).toISOString()}`, { exitCode: 2 });
  const names = [...open.keys()];
  const near = suggest(gate, names);
  return new DagrunError(`${record.id} has no open question "${gate}"`, {
    exitCode: 2,
    help:
      near !== undefined
        ? `did you mean ${near}?`
        : names.length > 0
          ? `open are: ${names.join(', ')}`
          : 'nothing of it waits for an answer',
  });
}

/** What is filled in, completed by the defaults of the form; null with a no. */
function withDefaults({ request }: Question, { approved, form }: GateAnswer): Json {
  if (!approved) return null;
  const properties = request.form?.properties;
  if (!isObject(properties) || (form !== undefined && !isObject(form))) return form ?? null;
  const defaults = Object.entries(properties).flatMap(([name, field]) =>
    isObject(field) && field.default !== undefined ? [[name, field.default] as const] : [],
  );
  if (form === undefined && defaults.length === 0) return null;
  return { ...Object.fromEntries(defaults), ...form };
}
