import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { Diagnostic, Report } from '../contracts/diagnostic.ts';
import type { Document, Path, SourceHost } from '../contracts/source.ts';
import { adviceOn } from '../diagnostics/suggest.ts';
import { resolve } from '../lang/misfit.ts';
import { parseDocument } from '../source/document.ts';
import { valueAt } from './explain.ts';
import { expandSchema } from './fields.ts';

/** Expands the schemas of one workflow: those below `schemas`, those in other files, and those that stand in its fields. */
export interface SchemaLibrary {
  /** Every entry of `schemas`, expanded and self-contained. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  /** The schema at a path, expanded and self-contained; undefined when it has a mistake (reported). `without` names fields left out. */
  expand(path: Path, without?: readonly string[]): JsonSchema | undefined;
}

/** A schema with a name: below `#/$defs/<name>` of every schema that uses it. */
interface Unit {
  readonly name: string;
  readonly document: Document;
  readonly path: Path;
  /** Relative to the workflow's folder; references to files start here. */
  readonly folder: string;
  readonly own: boolean;
  expanded?: Expanded;
}

interface Expanded {
  readonly body: JsonSchema;
  /** Names of the units it refers to. */
  readonly uses: ReadonlySet<string>;
  readonly sound: boolean;
}

/** The library of a document; mistakes of the entries of `schemas` are reported at once. */
export function schemaLibrary(document: Document, host: SourceHost, report: Report): SchemaLibrary {
  const units = new Map<string, Unit>();
  const files = new Map<string, Unit | undefined>();
  const entries = sectionOf(document.value, 'schemas');
  for (const name of Object.keys(entries)) units.set(name, { name, document, path: ['schemas', name], folder: '', own: true });

  const expandUnit = (unit: Unit): Expanded => {
    // References need the names of other schemas only: one that uses itself is no circle here.
    unit.expanded ??= expandAt(unit.document, unit.path, unit.folder, unit, []);
    return unit.expanded;
  };

  const expandAt = (source: Document, path: Path, folder: string, unit: Unit | undefined, without: readonly string[]): Expanded => {
    const uses = new Set<string>();
    let sound = true;
    const value = leaveOut(valueAt(source.value, path), without);
    const body = expandSchema(
      {
        document: source,
        strict: unit?.own !== false,
        say(code, where, message, { part, within, ...more } = {}) {
          sound = false;
          const span = within === undefined ? source.spanOf(where, part) : source.spanWithin(where, ...within);
          report({ code, severity: 'error', message, at: span, ...more });
        },
        reference(ref, where) {
          const found = follow(source, path, folder, unit, ref, (message, more) => {
            sound = false;
            if (message !== undefined) report({ code: 'DAG133', severity: 'error', message, at: source.spanOf(where), ...more });
          });
          if (found?.unit !== undefined) uses.add(found.unit.name);
          return found?.reference;
        },
      },
      value,
      path,
    );
    // Of a schema with a mistake nothing is known: whatever is read from it is right.
    return { body: sound && isObject(body) ? body : {}, uses, sound: sound && body !== undefined };
  };

  const follow = (
    source: Document,
    root: Path,
    folder: string,
    unit: Unit | undefined,
    ref: string,
    /** Without a message: the reference leads nowhere, and that was reported. */
    say: (message: string | undefined, more?: Partial<Diagnostic>) => void,
  ): { reference: string; unit?: Unit } | undefined => {
    const named = /^#\/schemas\/([^/]+)$/.exec(ref);
    if (source === document && ref.startsWith('#/schemas/')) {
      const name = decodeURIComponentOr(named?.[1] ?? ref.slice('#/schemas/'.length));
      const target = units.get(name);
      if (target?.own === true) return { reference: `#/$defs/${name}`, unit: target };
      const help = adviceOn(name, Object.keys(entries));
      say(`there is no schema "${name}" below \`schemas\``, { help: help ?? 'add it below `schemas`' });
      return undefined;
    }
    if (ref.startsWith('#')) {
      const whole = valueAt(source.value, root);
      if (isObject(whole) && (ref === '#' || resolve(whole, ref) !== undefined)) {
        if (unit === undefined) return { reference: ref };
        return { reference: `#/$defs/${unit.name}${ref.slice(1)}`, unit };
      }
      const name = ref.split('/').pop() ?? '';
      const help = Object.hasOwn(entries, name)
        ? `write "#/schemas/${name}"`
        : 'write "#/schemas/<name>" for an entry of `schemas`, or "#/$defs/<name>" for a part of this schema';
      say(`"${ref}" leads nowhere in this schema`, { help });
      return undefined;
    }
    if (/^[a-z][a-z0-9+.-]*:/i.test(ref)) {
      say('schemas are not fetched from elsewhere', { help: 'save it as a file beside the workflow, and write its path' });
      return undefined;
    }
    const [path = '', pointer] = ref.split('#');
    const file = normalise(folder, path);
    if (path.startsWith('/') || host.outside?.(file)) {
      say(`"${path}" lies outside the workspace`, { help: 'put a copy beside the workflow, and write its path' });
      return undefined;
    }
    if (!files.has(file)) files.set(file, loadFile(file));
    const target = files.get(file);
    if (target === undefined) {
      // Why a file cannot be read was told when it was.
      if (host.read(file) !== undefined) say(undefined);
      else {
        const name = path.replace(/^.*\//, '');
        const meant = Object.hasOwn(entries, name) ? `write "#/schemas/${name}" for the entry of \`schemas\`` : undefined;
        say(`there is no file "${path}"`, { help: meant ?? 'paths start at the folder of the file that names them' });
      }
      return undefined;
    }
    const wanted = pointer === undefined || pointer === '' ? '' : pointer;
    if (wanted !== '' && (!isObject(target.document.value) || resolve(target.document.value, `#${wanted}`) === undefined)) {
      say(`"#${wanted}" leads nowhere in "${path}"`);
      return undefined;
    }
    return { reference: `#/$defs/${target.name}${wanted}`, unit: target };
  };

  const loadFile = (file: string): Unit | undefined => {
    const text = host.read(file);
    if (text === undefined) return undefined;
    const directory = /^(.*[\\/])/.exec(document.file.name)?.[1] ?? '';
    const parsed = parseDocument({ name: `${directory}${file}`, text }, report);
    if (parsed === undefined) return undefined;
    const base = file.replace(/^.*\//, '').replace(/\.(schema\.)?(json|ya?ml)$/, '');
    let name = base.replaceAll(/[^A-Za-z0-9_]+/g, '_');
    while (units.has(name)) name += '_';
    const unit: Unit = { name, document: parsed, path: [], folder: file.includes('/') ? file.replace(/\/[^/]*$/, '') : '', own: false };
    units.set(name, unit);
    return unit;
  };

  /** Attaches every unit that is used, directly or through others. */
  const complete = ({ body, uses }: Expanded, path: Path, source: Document): JsonSchema => {
    let schema = body;
    let direct = uses;
    // `{ $ref }` alone: the schema itself reads better than a reference, and providers want its type at the top.
    for (let hops = 0; hops < 10; hops += 1) {
      const target =
        typeof schema.$ref === 'string' && Object.keys(schema).every((key) => key === '$ref' || key === 'description')
          ? unitOf(schema.$ref)
          : undefined;
      if (target === undefined) break;
      const inner = expandUnit(target);
      schema = { ...inner.body, ...(schema.description !== undefined && { description: schema.description }) };
      direct = inner.uses;
    }
    const all = new Set<string>();
    const queue = [...direct];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      const unit = units.get(name);
      if (all.has(name) || unit === undefined) continue;
      all.add(name);
      queue.push(...expandUnit(unit).uses);
    }
    if (all.size === 0) return schema;
    const own = isObject(schema.$defs) ? schema.$defs : {};
    const defs: Record<string, Json> = { ...own };
    for (const [name, unit] of units) {
      if (!all.has(name)) continue;
      if (Object.hasOwn(own, name)) {
        report({
          code: 'DAG133',
          severity: 'error',
          message: `"$defs" has a "${name}" of its own, and \`schemas\` has another`,
          at: source.spanOf([...path, '$defs', name], 'key'),
          help: 'give one of them another name',
        });
      }
      defs[name] = expandUnit(unit).body;
    }
    return { ...schema, $defs: defs };
  };

  const unitOf = (reference: string): Unit | undefined => {
    const name = /^#\/\$defs\/([^/]+)$/.exec(reference)?.[1];
    return name === undefined ? undefined : units.get(name);
  };

  /** The schema a rewritten reference means, inside `root` or in a unit. */
  const schemaAt = (reference: string, root: JsonSchema): Json | undefined => {
    const [, name = '', rest = ''] = /^#\/\$defs\/([^/]+)(.*)$/.exec(reference) ?? [];
    const unit = units.get(name);
    return resolve(root, reference) ?? (unit && resolve(expandUnit(unit).body, `#${rest}`));
  };
  const reportEndless = (source: Document, path: Path): void =>
    report({
      code: 'DAG133',
      severity: 'error',
      message: 'this schema refers to itself, and says nothing else',
      at: source.spanOf([...path, '$ref']),
      because: 'whoever follows the reference never arrives at a type',
      help: 'a schema may contain itself below `properties` or `items`, not in place of itself',
    });

  for (const unit of [...units.values()]) {
    const { body } = expandUnit(unit);
    if (!isEndless(body, (reference) => schemaAt(reference, {}))) continue;
    reportEndless(unit.document, unit.path);
    unit.expanded = { body: {}, uses: new Set(), sound: false };
  }

  const schemas: Record<string, JsonSchema> = {};
  for (const unit of [...units.values()].filter(({ own }) => own)) schemas[unit.name] = complete(expandUnit(unit), unit.path, document);

  return {
    schemas,
    expand(path, without = []) {
      const expanded = expandAt(document, path, '', undefined, without);
      if (isEndless(expanded.body, (reference) => schemaAt(reference, expanded.body))) {
        reportEndless(document, path);
        return undefined;
      }
      return expanded.sound ? complete(expanded, path, document) : undefined;
    },
  };
}

/** Whether a schema leads back to itself by references alone, so that it never says what a value is. */
function isEndless(schema: JsonSchema, schemaAt: (reference: string) => Json | undefined): boolean {
  const open = new Set<string>();
  const leadsBack = (part: Json | undefined): boolean => {
    if (!isObject(part)) return false;
    const { $ref } = part;
    if (typeof $ref === 'string') {
      if (open.has($ref)) return true;
      open.add($ref);
      if (leadsBack(schemaAt($ref))) return true;
      open.delete($ref);
    }
    const inPlace = [
      part.not,
      part.if,
      part.then,
      part.else,
      ...[part.allOf, part.anyOf, part.oneOf].flatMap((list) => (isList(list) ? list : [])),
    ];
    return inPlace.some(leadsBack);
  };
  return leadsBack(schema);
}

function sectionOf(value: Json, name: string): JsonObject {
  const section = isObject(value) ? value[name] : undefined;
  return isObject(section) ? section : {};
}

function leaveOut(value: Json, names: readonly string[]): Json {
  if (names.length === 0 || !isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !names.includes(key)));
}

/** A path from the workflow's folder, without `.` and without `..` where that is possible. */
export function normalise(folder: string, path: string): string {
  const steps: string[] = [];
  for (const step of `${folder}/${path}`.split('/')) {
    if (step === '' || step === '.') continue;
    if (step === '..' && steps.length > 0 && steps[steps.length - 1] !== '..') steps.pop();
    else steps.push(step);
  }
  return steps.join('/');
}

function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
