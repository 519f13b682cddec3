import { hash } from 'node:crypto';
import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { ReportField, TaskContext, WorkspaceFile } from '../contracts/node-kind.ts';
import type { Attachment, Message } from '../contracts/provider.ts';

/** The fields of a model call that its messages are made of. */
export interface Conversation {
  readonly system?: string;
  /** This or `messages`. */
  readonly prompt?: string;
  readonly messages?: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[];
  /** Paths and patterns. */
  readonly attach?: readonly string[];
}

type Files = Pick<TaskContext, 'readFiles'>;

/** The field `messages` of a model call. */
export const messagesField: JsonSchema = {
  type: 'array',
  minItems: 1,
  'x-holds': 'literal',
  items: {
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
  description: 'The conversation so far, or examples of one, instead of `prompt`; the last message is what the model answers.',
};

/** Mistakes in the order of `messages`: no provider takes them. */
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
  else if (roles[last] !== 'user')
    report('DAG140', ['messages', last, 'role'], `the last message is of the ${String(roles[last])}: there is nothing to answer`, {
      help:
        roles[last] === 'assistant'
          ? 'end with a message of the user; most models refuse to go on with words of their own'
          : 'add a message of the user',
    });
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
  const { system, prompt = '', messages, attach = [] } = spec;
  const files = await filesOf(attach, ctx);
  const attachments = files.flatMap((file): readonly Attachment[] => ('attachment' in file ? [file.attachment] : []));
  const said = (messages ?? [{ role: 'user' as const, content: prompt }]).map(({ role, content }): Message => ({ role, text: content }));
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
async function filesOf(attach: readonly string[], ctx: Files): Promise<readonly WorkspaceFile[]> {
  const files = new Map<string, WorkspaceFile>();
  for (const path of attach) for (const file of await ctx.readFiles(path)) if (!files.has(file.name)) files.set(file.name, file);
  return [...files.values()];
}

/** Texts in tags that carry their names: models keep sources apart by them. */
function textOf(files: readonly WorkspaceFile[]): string {
  let text = '';
  for (const file of files) {
    if ('text' in file) text += `<file name="${file.name}">\n${file.text}${file.text.endsWith('\n') ? '' : '\n'}</file>\n\n`;
  }
  return text;
}
