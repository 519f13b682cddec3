import type { Diagnostic } from '../contracts/diagnostic.ts';
import type { Document, Path } from '../contracts/source.ts';
import type { SyntaxProblem } from '../lang/parsed.ts';
import type { TypeProblem } from '../lang/type-problem.ts';
import { didYouMean, nearestOf } from './known-names.ts';

/** A problem of types in the text at `path`, as the author is told of it. */
export function typeDiagnostic(document: Document, path: Path, problem: TypeProblem): Diagnostic {
  const { code, severity, message, label, because } = problem;
  const at = document.spanWithin(path, problem.start, problem.end);
  const written = at.file.text.slice(at.start, at.end);
  return {
    code,
    severity,
    message,
    at,
    ...(label !== undefined && { label }),
    ...(because !== undefined && { because }),
    ...advice(problem, written, at),
  };
}

/** Why the text at `path` cannot be read as what it should be. */
export function syntaxDiagnostic(document: Document, path: Path, holds: 'expression' | 'template', problem: SyntaxProblem): Diagnostic {
  const at = document.spanWithin(path, problem.start, Math.max(problem.end, problem.start + 1));
  return {
    code: holds === 'expression' ? 'DAG401' : 'DAG402',
    severity: 'error',
    message: problem.message,
    at,
    label: 'here',
    ...advice(problem, at.file.text.slice(at.start, at.end), at),
  };
}

/** What to do: what the problem itself says, else the nearest of the names that exist. */
function advice(
  problem: Pick<TypeProblem, 'help' | 'name' | 'candidates'>,
  written: string,
  at: Diagnostic['at'],
): Pick<Diagnostic, 'help' | 'fix'> {
  const { help, name, candidates } = problem;
  if (name === undefined || candidates === undefined) return help === undefined ? {} : { help };
  const near = nearestOf(name, candidates);
  const replacement = near === undefined ? undefined : written.replace(name, () => near.nearest);
  // Only a text that is the name, or the name in quotes, can be replaced without looking at what is around it.
  const bare = written.replace(/^["']|["']$/g, '') === name;
  return {
    ...(help === undefined ? didYouMean(name, candidates) : { help: near === undefined ? help : near.help }),
    ...(replacement !== undefined && bare && { fix: { at, replacement } }),
  };
}
