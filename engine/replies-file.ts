import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Diagnostic } from './contracts/diagnostic.ts';
import type { RunEvent } from './contracts/event.ts';
import type { Plan } from './contracts/plan.ts';
import { DagrunError } from './errors.ts';
import { parseRepliesFile } from './providers/replies.ts';
import { createReplies, type Replies } from './providers/reply-search.ts';
import { replacedEntries, unusedEntries } from './providers/unused-entries.ts';
import { indexPlan } from './run/plan-index.ts';
import { answerablePlaces } from './run/tool-places.ts';
import { whereIs } from './run/where.ts';
import { parseDocument } from './source/document.ts';

/** What a replies file says, and what of it nobody has asked for. */
export interface WrittenReplies extends Replies {
  /** Warnings about entries in whose place answers were made up, and about those that were never used. */
  remarks(): readonly Diagnostic[];
}

/**
 * The replies of a file (absolute), for a run of `plan`. With the journal of a run that goes on: without those that were given
 * already. Throws DagrunError with every mistake.
 */
export function readReplies(plan: Plan, file: string, cwd: string, past: readonly RunEvent[] = []): WrittenReplies {
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
  const nodes = answerablePlaces(plan);
  const staged = document && parseRepliesFile(document, nodes, report);
  if (!staged || diagnostics.some((diagnostic) => diagnostic.severity === 'error')) {
    throw new DagrunError(`${shown} has mistakes`, { exitCode: 2, diagnostics });
  }
  const replies = createReplies([staged]);
  const index = indexPlan(plan);
  for (const event of past) {
    switch (event.type) {
      case 'tool.called':
        if (event.call.status !== 'begun') replies.toolStub(event.call.tool, event.call.args);
        break;
      case 'model.called': {
        const { tier, call, asked } = event.call;
        const { task, attempt } = event;
        replies.take({ ...(asked ?? whereIs(index, task).origin), task, attempt, ...(tier && { tier }), call });
        break;
      }
      case 'attempt.woken':
        // What came through the inbox was said by somebody else.
        if (event.inbox === undefined) replies.woken({ ...whereIs(index, event.task).origin, attempt: event.attempt }, event.wake);
        break;
      case 'attempt.succeeded':
      case 'attempt.failed':
        replies.stub({ ...whereIs(index, event.task).origin, attempt: event.attempt });
        break;
    }
  }
  return {
    ...replies,
    remarks() {
      const unused = unusedEntries(staged, replies.wasAsked, document);
      return [...replacedEntries(staged, document), ...(unused ? [unused] : [])];
    },
  };
}
