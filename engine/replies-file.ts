import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Diagnostic } from './contracts/diagnostic.ts';
import type { RunEvent } from './contracts/event.ts';
import type { Plan } from './contracts/plan.ts';
import { DagrunError } from './errors.ts';
import { parseReplies, type Replies } from './providers/reply-search.ts';
import { itemOf, placesOf } from './run/plan-index.ts';
import { parseDocument } from './source/document.ts';

/**
 * The replies of a file (absolute), for a run of `plan`. With the journal of a run that goes on: without those that were given
 * already. Throws DagrunError with every mistake.
 */
export function readReplies(plan: Plan, file: string, cwd: string, past: readonly RunEvent[] = []): Replies {
  const shown = relative(cwd, file) || file;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new DagrunError(`the replies file ${shown} cannot be read`, { exitCode: 2 });
  }
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic);
  const document = parseDocument({ name: shown, text }, report);
  const nodes = placesOf(plan);
  const replies = document && parseReplies(document, nodes, report);
  if (!replies || diagnostics.some((diagnostic) => diagnostic.severity === 'error')) {
    throw new DagrunError(`${shown} has mistakes`, { exitCode: 2, diagnostics });
  }
  for (const event of past) {
    if (event.type === 'tool.called' && event.call.status !== 'begun') replies.toolStub(event.call.tool, event.call.args);
    if (event.type !== 'model.called') continue;
    const item = itemOf(event.task);
    const { tier, call } = event.call;
    replies.take({
      node: item?.node ?? event.task,
      task: event.task,
      ...(item && { item: item.index }),
      attempt: event.attempt,
      ...(tier && { tier }),
      call,
    });
  }
  return replies;
}
