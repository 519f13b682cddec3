import type { Diagnostic } from '../engine/index.ts';
import { EXIT } from './command.ts';
import type { Context } from './context.ts';

/**
 * Says on stderr what went wrong, and returns the exit code. An error that carries an `exitCode` was foreseen: its
 * message is for the user. Anything else is a bug of dagrun.
 */
export async function tellProblem(ctx: Context, error: unknown): Promise<number> {
  const { err } = ctx;
  if (!isForeseen(error)) return tellBug(ctx, error);
  if (error.diagnostics !== undefined && error.diagnostics.length > 0) {
    const { renderDiagnostics } = await import('../engine/index.ts');
    ctx.tell(renderDiagnostics(error.diagnostics, { format: 'pretty', colour: err.on }));
  } else {
    ctx.tell(`${err.red('error:')} ${error.message}`);
  }
  if (error.help) ctx.tell(error.help.split('\n').map((line, at) => `${at === 0 ? err.cyan('help:') : '     '} ${line}`));
  return error.exitCode;
}

function tellBug(ctx: Context, error: unknown): number {
  const { err } = ctx;
  const message = error instanceof Error ? error.message : String(error);
  ctx.tell([
    `${err.red('error:')} this is a bug in dagrun: ${message.split('\n')[0] ?? ''}`,
    `${err.cyan('help:')} please report it, with the command and the workflow that show it`,
  ]);
  if (ctx.io.env.DAGRUN_DEBUG === '1' && error instanceof Error) ctx.tell(err.dim(error.stack ?? ''));
  else ctx.tell(`      DAGRUN_DEBUG=1 shows where it happened`);
  return EXIT.bug;
}

interface Foreseen extends Error {
  readonly exitCode: number;
  readonly help?: string;
  readonly diagnostics?: readonly Diagnostic[];
}

function isForeseen(error: unknown): error is Foreseen {
  return error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number';
}
