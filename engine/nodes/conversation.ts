import { hash } from 'node:crypto';
import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import type { ReportField, TaskContext, WorkspaceFile } from '../contracts/node-kind.ts';
import type { Attachment, Message } from '../contracts/provider.ts';

/** The fields of a model call that its messages are made of. */
export interface Conversation {
  readonly system?: string;
  /** This or `messages`. */
  readonly prompt?: string;
  /** One entry may stand for a list of them: a conversation that is data. */
  readonly messages?: readonly Json[];
  /** Paths and patterns, and lists of such. */
  readonly attach?: readonly Json[];
}

/** One message as it is written. */
interface Said {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

type Files = Pick<TaskContext, 'readFiles'>;

const ONE_PATH = '^\\s*\\{\\{[^{}]*\\}\\}\\s*$';

/** The field `messages` of a model call. */
export const messagesField: JsonSchema = {
  type: 'array',
  minItems: 1,
  'x-holds': 'literal',
  items: {
    anyOf: [
      {
        type: 'object',
        required: ['role', 'content'],
        additionalProperties: false,
        properties: {
          role: {
            enum: ['system', 'user', 'assistant'],
            'x-holds': 'literal',
            description: 'Who says it: `system` first, if at all, then `user` and `assistant` in turn, `user` last.',
          },
          content: { type: 'string', minLength: 1, 'x-holds': 'template', description: 'What is said.' },
        },
      },
      {
        type: 'string',
        pattern: ONE_PATH,
        'x-holds': 'template',
        'x-typed': 'path',
        'x-wants': {
          title: 'a list of messages `{ role, content }` of `user` and `assistant`',
          description:
            'one message is `{ role: user, content: "{{…}}" }`; a list has `items: { fields: { role: user | assistant, content: string } }`',
          type: 'array',
          items: {
            type: 'object',
            required: ['role', 'content'],
            properties: { role: { enum: ['user', 'assistant'] }, content: { type: 'string' } },
          },
        },
        description: 'A conversation that is data: one `{{path}}` to a list of `{ role, content }`.',
      },
    ],
  },
  description:
    'The conversation so far, or examples of one, instead of `prompt`; the last message is what the model answers. An entry that is exactly one `{{path}}` stands for a list of messages.',
};

/** Mistakes in the order of `messages`: no provider takes them. What an entry stands for that is data is seen in the run. */
export function checkMessages(spec: JsonObject, report: ReportField): void {
  const { messages, system } = spec;
  if (!isList(messages)) return;
  const roles = messages.map((message) => (isObject(message) ? message.role : undefined));
  const first = roles[0] === 'system' ? 1 : 0;
  for (const [index, role] of roles.entries()) {
    if (role !== 'system') continue;
    if (index > 0) report('DAG140', ['messages', index, 'role'], 'the system prompt is the first message', { help: 'move it to the top' });
    else if (system !== undefined)
      report('DAG124', ['messages', 0, 'role'], '`system` and a message of the system exclude each other', { help: 'keep one of them' });
  }
  const last = roles.length - 1;
  if (roles[first] === 'assistant')
    report('DAG140', ['messages', first, 'role'], 'a conversation begins with what the user says', {
      help: 'put a message of the user before it',
    });
  else if (isObject(messages[last]) && roles[last] !== 'user')
    report('DAG140', ['messages', last, 'role'], `the last message is of the ${String(roles[last])}: there is nothing to answer`, {
      help:
        roles[last] === 'assistant'
          ? 'end with a message of the user; most models refuse to go on with words of their own'
          : 'add a message of the user',
    });
}

/** What is said, in order, whatever of it is data. Throws Failed (expression_failed) where that is no conversation that can be answered. */
export function saidIn({ prompt = '', messages }: Conversation): readonly Said[] {
  if (messages === undefined) return [{ role: 'user', content: prompt }];
  const said = messages.flatMap((entry, index) =>
    isList(entry) ? entry.map((one, at) => saidBy(one, `messages[${index}][${at}]`)) : [saidBy(entry, `messages[${index}]`, index === 0)],
  );
  const [first, next] = said;
  if ((first?.role === 'system' ? next : first)?.role === 'assistant') throw unanswerable('a conversation begins with what the user says');
  if (said.at(-1)?.role !== 'user') throw unanswerable('the last message is not of the user: there is nothing to answer');
  return said;
}

function saidBy(value: Json, where: string, bySystem = false): Said {
  if (isObject(value)) {
    const { role, content } = value;
    const known = role === 'user' || role === 'assistant' || (bySystem && role === 'system');
    if (known && typeof content === 'string') return { role, content };
  }
  throw unanswerable(`\`${where}\` is no message { role, content } of the user or the assistant`);
}

function unanswerable(message: string): Failed {
  return new Failed({ type: 'expression_failed', field: 'messages', message });
}

/** The texts that are attached, as they stand in the prompt. Throws Failed when a file cannot be read. */
export async function attachedText({ attach = [] }: Pick<Conversation, 'attach'>, ctx: Files): Promise<string> {
  return textOf(await filesOf(attach, ctx));
}

/**
 * The messages of a first turn; what is attached is attached to the last, its texts replaced by `texts` when that is given.
 * Throws Failed when a file cannot be read.
 */
export async function conversationOf(spec: Conversation, ctx: Files, texts?: string): Promise<readonly Message[]> {
  const { system, attach = [] } = spec;
  const files = await filesOf(attach, ctx);
  const attachments = files.flatMap((file): readonly Attachment[] => ('attachment' in file ? [file.attachment] : []));
  const said = saidIn(spec).map(({ role, content }): Message => ({ role, text: content }));
  const last = said.pop();
  return [
    ...(system === undefined ? [] : [{ role: 'system' as const, text: system }]),
    ...said,
    { role: 'user', text: `${texts ?? textOf(files)}${last?.text ?? ''}`, ...(attachments.length > 0 && { attachments }) },
  ];
}

/** What an answer follows from beside the fields: the files, images and documents by the digest of their bytes. Throws Failed. */
export async function attachedTo({ attach }: Pick<Conversation, 'attach'>, ctx: Files): Promise<Json> {
  if (attach === undefined) return null;
  const files = await filesOf(attach, ctx);
  const others = files.flatMap((file) =>
    'attachment' in file ? [{ name: file.name, sha256: hash('sha256', file.attachment.data, 'base64url') }] : [],
  );
  return others.length === 0 ? textOf(files) : [textOf(files), ...others];
}

/** In the order given; a file that two patterns match is there once. */
async function filesOf(attach: readonly Json[], ctx: Files): Promise<readonly WorkspaceFile[]> {
  const files = new Map<string, WorkspaceFile>();
  for (const path of attach.flatMap(pathsIn))
    for (const file of await ctx.readFiles(path)) if (!files.has(file.name)) files.set(file.name, file);
  return [...files.values()];
}

/** Throws Failed (expression_failed). */
function pathsIn(entry: Json, index: number): readonly string[] {
  return (isList(entry) ? entry : [entry]).map((path) => {
    if (typeof path === 'string') return path;
    const message = `\`attach[${index}]\` is neither a path nor a list of paths`;
    throw new Failed({ type: 'expression_failed', field: `attach[${index}]`, message });
  });
}

/** Texts in tags that carry their names: models keep sources apart by them. */
function textOf(files: readonly WorkspaceFile[]): string {
  let text = '';
  for (const file of files) {
    if ('text' in file) text += `<file name="${file.name}">\n${file.text}${file.text.endsWith('\n') ? '' : '\n'}</file>\n\n`;
  }
  return text;
}
