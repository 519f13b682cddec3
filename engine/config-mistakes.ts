import { isObject } from './base/json.ts';
import { configSchema } from './config-schema.ts';
import type { Code, Diagnostic } from './contracts/diagnostic.ts';
import type { Document, Path, SourceFile } from './contracts/source.ts';
import { adviceOn } from './diagnostics/suggest.ts';
import { misfits, type Problem } from './lang/misfit.ts';

interface MistakeDetails {
  readonly part?: 'key' | 'value';
  readonly severity?: 'error' | 'warning';
  readonly because?: string;
  readonly help?: string;
}

/** A mistake of the configuration at a path of its document. */
export function mistake(code: Code, document: Document, path: Path, message: string, details: MistakeDetails = {}): Diagnostic {
  const { part = 'value', severity = 'error', ...more } = details;
  return { code, severity, message, at: document.spanOf(path, part), ...more };
}

/** What does not fit the schema of the configuration. */
export function checkShape(document: Document, found: Diagnostic[]): void {
  // An empty file, or one with comments only, configures nothing.
  if (document.value === null) return;
  for (const problem of misfits(document.value, configSchema)) found.push(explain(document, problem));
}

function explain(document: Document, { path, keyword, params, schema, message }: Problem): Diagnostic {
  if (keyword === 'additionalProperties' && typeof params.key === 'string') {
    const known = Object.keys(isObject(schema.properties) ? schema.properties : {});
    const help = adviceOn(params.key, known);
    const where = path.length === 0 ? 'the configuration' : `"${path.join('.')}"`;
    return mistake('DAG702', document, [...path, params.key], `"${params.key}" is not a key of ${where}`, {
      part: 'key',
      ...(help && { help }),
    });
  }
  if (keyword === 'pattern' && path[0] === 'tiers')
    return mistake('DAG701', document, path, 'a model is named with its provider', {
      help: 'write `provider/model`, as in `anthropic/claude-haiku-5-5`',
    });
  if (keyword === 'pattern' && path[0] === 'runs')
    return mistake('DAG701', document, path, 'this is no duration', { help: 'write a number and a unit, as in `30d` or `12h`' });
  if (keyword === 'pattern' && path[0] === 'cache')
    return mistake('DAG701', document, path, 'this is no size', { help: 'write a number and a unit, as in `50MB` or `1GB`' });
  if (keyword === 'pattern' && path[0] === 'store')
    return mistake('DAG701', document, path, 'this is no place for runs', { help: 'write `file:<path>`, `postgres://…` or `memory:`' });
  if (keyword === 'pattern' && path[0] === 'http')
    return mistake('DAG701', document, path, 'this is no host', {
      help: 'write `localhost:8080`, `*.internal.example.com` or `10.0.0.0/8`',
    });
  if (keyword === 'pattern' && path[0] === 'providers')
    return mistake('DAG701', document, path, 'a base_url starts with http:// or https://');
  return mistake('DAG701', document, path, message);
}

/** Inside braces YAML takes the braces of a variable for its own: the advice is then about the variable. */
export function quoteVariable(diagnostic: Diagnostic): Diagnostic {
  const { file, start, end } = diagnostic.at;
  const bare = /(?<!["'])\$\{[A-Za-z0-9_]*\}/.exec(file.text.slice(start, end));
  if (diagnostic.severity !== 'error' || bare === null) return diagnostic;
  const at = { file, start: start + bare.index, end: start + bare.index + bare[0].length };
  return {
    ...diagnostic,
    at,
    message: `inside { }, "${bare[0]}" must be quoted`,
    help: `write \`"${bare[0]}"\``,
    fix: { at, replacement: `"${bare[0]}"` },
  };
}

/** A diagnostic whose frame does not show keys that stand in the file: letters are covered, so that places stay right. */
export function withoutKeys(diagnostic: Diagnostic, source: SourceFile): Diagnostic {
  const keys = source.text.replace(
    /(api_key["']?\s*:\s*["']?)((?!\$)[^\s"',}]{8,})/g,
    (_, before: string, key: string) => `${before}${covered(key)}`,
  );
  // All that stands under `secrets` is one, whatever its name.
  const text = keys.replace(/^secrets["']?\s*:.*(\n([ \t].*)?)*/m, (section) =>
    section.replace(/(\w["']?\s*:\s*["']?)((?!\$)[^\s"',{}]{4,})/g, (_, before: string, secret: string) => `${before}${covered(secret)}`),
  );
  return { ...diagnostic, at: { ...diagnostic.at, file: { ...source, text } } };
}

function covered(key: string): string {
  return `${key.slice(0, 3)}${'*'.repeat(Math.max(0, key.length - 3))}`;
}
