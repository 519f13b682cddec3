import { isList, type Json } from '../base/json.ts';
import type { CommonText, TaskContext } from '../contracts/node-kind.ts';
import type { CommonStart, Message } from '../contracts/provider.ts';
import { attachedText, type Conversation, saidIn } from './conversation.ts';

/** The fields of a model call that decide what it begins with. */
type Asked = Conversation & { readonly tier?: unknown };

/** Where in the messages of a first ask that ends which other tasks say as well, the longest last. Throws Failed when a file cannot be read. */
export async function startsOf(
  spec: Asked,
  messages: readonly Message[],
  commons: readonly CommonText[],
  ctx: Pick<TaskContext, 'readFiles'>,
): Promise<readonly CommonStart[]> {
  const starts: CommonStart[] = [];
  for (const common of commons) {
    const start = await startOf(spec, messages, common, ctx);
    if (start) starts.push(start);
  }
  return starts;
}

/** What is told first, in the order in which a model reads it, and how much of it is the same: all of it when that is not said. */
interface Piece {
  readonly end: { readonly message: number; readonly at: number };
  readonly length: number;
  readonly same?: number;
}

async function startOf(
  spec: Asked,
  messages: readonly Message[],
  { differs, calls, atOnce }: CommonText,
  ctx: Pick<TaskContext, 'readFiles'>,
): Promise<CommonStart | undefined> {
  // Another model has a cache of its own.
  if ([...differs.keys()].some((field) => field.startsWith('tier'))) return undefined;
  let end = BEHIND_TOOLS;
  for (const piece of await piecesOf(spec, messages, differs, ctx)) {
    const { message, at } = piece.end;
    if (piece.same === undefined) {
      if (piece.length > 0) end = piece.end;
      continue;
    }
    if (piece.same > 0) end = { message, at: at - piece.length + piece.same };
    break;
  }
  return { ...end, calls, atOnce };
}

const BEHIND_TOOLS = { message: -1, at: 0 };

async function piecesOf(
  spec: Asked,
  messages: readonly Message[],
  differs: CommonText['differs'],
  ctx: Pick<TaskContext, 'readFiles'>,
): Promise<readonly Piece[]> {
  const last = messages.length - 1;
  const pieces: Piece[] = [];
  const add = (message: number, same: number | undefined): void => {
    const length = messages[message]?.text.length ?? 0;
    pieces.push({ end: { message, at: length }, length, ...(same !== undefined && { same }) });
  };
  if (spec.system !== undefined) add(0, differs.get('system'));
  let message = pieces.length;
  /** Of the last message: what is the same of the field that says it. */
  let asked = spec.messages === undefined ? differs.get('prompt') : undefined;
  for (const [entry, said] of (spec.messages ?? []).entries()) {
    const same = differs.get(`messages.${entry}.content`) ?? differs.get(`messages.${entry}`);
    // An entry may stand for a whole list of messages.
    for (let left = isList(said as Json) ? (said as readonly Json[]).length : 1; left > 0; left -= 1, message += 1) {
      if (message < last) add(message, same);
      else asked = same;
    }
  }
  const texts = (messages[last]?.text.length ?? 0) - (saidIn(spec).at(-1)?.content.length ?? 0);
  return [...pieces, ...(await attachedPieces(spec, messages, texts, differs, ctx)), askedPiece(messages, last, texts, asked)];
}

/** What is attached to the last message: files that are not text, then texts, which take so many characters. */
async function attachedPieces(
  spec: Asked,
  messages: readonly Message[],
  texts: number,
  differs: CommonText['differs'],
  ctx: Pick<TaskContext, 'readFiles'>,
): Promise<readonly Piece[]> {
  const { attach = [] } = spec;
  if (attach.length === 0) return [];
  const message = messages.length - 1;
  const files = messages[message]?.attachments?.length ?? 0;
  const at = attach.findIndex((_, index) => differs.has(`attach.${index}`));
  const attachments: Piece = { end: { message, at: 0 }, length: files };
  if (at < 0) return [attachments, { end: { message, at: texts }, length: texts }];
  // Which of the files are the same is known of texts only.
  if (files > 0) return [{ ...attachments, same: 0 }];
  return [{ end: { message, at: texts }, length: texts, same: (await attachedText({ attach: attach.slice(0, at) }, ctx)).length }];
}

function askedPiece(messages: readonly Message[], message: number, texts: number, same: number | undefined): Piece {
  const at = messages[message]?.text.length ?? 0;
  return { end: { message, at }, length: at - texts, ...(same !== undefined && { same }) };
}
