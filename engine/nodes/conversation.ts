import { hash } from 'node:crypto';
import type { Json } from '../base/json.ts';
import type { TaskContext, WorkspaceFile } from '../contracts/node-kind.ts';
import type { Attachment, Message } from '../contracts/provider.ts';

/** The fields of a model call that its messages are made of. */
export interface Conversation {
  readonly system?: string;
  readonly prompt: string;
  /** Paths and patterns. */
  readonly attach?: readonly string[];
}

type Files = Pick<TaskContext, 'readText'>;

/** The messages of a first turn. Throws Failed when a file cannot be read. */
export async function conversationOf({ system, prompt, attach = [] }: Conversation, ctx: Files): Promise<readonly Message[]> {
  const files = await filesOf(attach, ctx);
  const attachments = files.flatMap((file): readonly Attachment[] => ('attachment' in file ? [file.attachment] : []));
  const asked: Message = {
    role: 'user',
    text: `${textOf(files)}${prompt}`,
    ...(attachments.length > 0 && { attachments }),
  };
  return system === undefined ? [asked] : [{ role: 'system', text: system }, asked];
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
  for (const path of attach) for (const file of await ctx.readText(path)) if (!files.has(file.name)) files.set(file.name, file);
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
