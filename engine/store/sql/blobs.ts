import { hash } from 'node:crypto';
import type { BlobRef } from '../../base/ids.ts';
import type { Json } from '../../base/json.ts';
import type { RunEvent, Value } from '../../contracts/event.ts';
import type { ModelReply } from '../../contracts/provider.ts';
import type { ToolCalled } from '../../contracts/tool.ts';
import type { NewBlob } from './driver.ts';

/** Values whose JSON is longer are kept once, by their content: a journal stays quick to read. */
const INLINE_LIMIT = 16 * 1024;

/** A reply whose text is kept elsewhere; only rows of the journal hold such. */
type KeptReply = ModelReply & { readonly textRef?: Value };
/** The same for what a tool gave. */
type KeptCall = ToolCalled & { readonly resultRef?: Value };

/** An event as it is kept: large values by reference; the blobs they refer to are added to `blobs`. */
export function withoutLargeValues(event: RunEvent, blobs: NewBlob[]): RunEvent {
  switch (event.type) {
    case 'attempt.succeeded':
      return { ...event, output: toKept(event.output, blobs) };
    case 'node.expanded':
      return { ...event, items: toKept(event.items, blobs) };
    case 'model.called': {
      if (event.reply === null || event.reply.text.length <= INLINE_LIMIT) return event;
      const kept = toKept({ json: event.reply.text }, blobs);
      const reply: KeptReply = { ...event.reply, text: '', textRef: kept };
      return { ...event, reply };
    }
    case 'tool.called': {
      const kept = toKept({ json: event.call.result }, blobs);
      if ('json' in kept) return event;
      const call: KeptCall = { ...event.call, result: null, resultRef: kept };
      return { ...event, call };
    }
    default:
      return event;
  }
}

/** The event as it happened, its values in place. */
export function withLargeValues(event: RunEvent, read: (ref: BlobRef) => Json): RunEvent {
  switch (event.type) {
    case 'attempt.succeeded':
      return 'blob' in event.output ? { ...event, output: { json: read(event.output.blob) } } : event;
    case 'node.expanded':
      return 'blob' in event.items ? { ...event, items: { json: read(event.items.blob) } } : event;
    case 'model.called': {
      const kept = event.reply as KeptReply | null;
      if (!kept?.textRef || !('blob' in kept.textRef)) return event;
      const { textRef, ...reply } = kept;
      return { ...event, reply: { ...reply, text: String(read(textRef.blob)) } };
    }
    case 'tool.called': {
      const { resultRef, ...call } = event.call as KeptCall;
      return resultRef && 'blob' in resultRef ? { ...event, call: { ...call, result: read(resultRef.blob) } } : event;
    }
    default:
      return event;
  }
}

/** The blobs an event refers to. */
export function refsIn(event: RunEvent): readonly BlobRef[] {
  const values: readonly (Value | undefined)[] =
    event.type === 'attempt.succeeded'
      ? [event.output]
      : event.type === 'node.expanded'
        ? [event.items]
        : event.type === 'model.called'
          ? [(event.reply as KeptReply | null)?.textRef]
          : event.type === 'tool.called'
            ? [(event.call as KeptCall).resultRef]
            : [];
  return values.flatMap((value) => (value && 'blob' in value ? [value.blob] : []));
}

function toKept(value: Value, blobs: NewBlob[]): Value {
  if (!('json' in value)) return value;
  const content = JSON.stringify(value.json);
  if (content.length <= INLINE_LIMIT) return value;
  const ref = hash('sha256', content) as BlobRef;
  blobs.push({ hash: ref, content });
  return { blob: ref, bytes: content.length };
}
