import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, EXIT, UsageError } from '../command.ts';

export const init: Command = {
  name: 'init',
  group: 'Project',
  summary: 'start a project: a configuration and a first workflow',
  description: 'Writes a configuration and a workflow that runs at once, without a key. Files that exist are left alone.',
  arguments: [{ name: 'dir', description: 'where; this folder when left out', optional: true }],
  options: [{ flags: '--force', description: 'overwrite files that exist' }],
  examples: [
    ['init', 'in this folder'],
    ['init reviews', 'in a new folder'],
  ],

  async action(ctx, args, options) {
    const root = resolve(ctx.cwd, typeof args[0] === 'string' ? args[0] : '.');
    const schema = await schemaReference(root);
    const files: readonly (readonly [path: string, text: string])[] = [
      ['dagrun.config.yml', CONFIG],
      ['workflows/hello.workflow.yml', `# yaml-language-server: $schema=${schema.reference}\n${WORKFLOW}`],
    ];
    const taken = files.filter(([path]) => existsSync(join(root, path))).map(([path]) => path);
    if (taken.length > 0 && options.force !== true) {
      throw new UsageError(
        `${taken.map((path) => `"${path}"`).join(' and ')} ${taken.length === 1 ? 'exists' : 'exist'} already`,
        '--force overwrites',
      );
    }
    const written: string[] = [];
    for (const [path, text] of files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
      written.push(path);
    }
    if (schema.copyTo !== undefined) {
      await copyFile(schema.source, schema.copyTo);
      written.push(relative(root, schema.copyTo).split(sep).join('/'));
    }
    const folder = relative(ctx.io.cwd, root);
    ctx.tell([
      ...written.map((path) => `${ctx.err.green('✓')} ${join(folder, path)}`),
      '',
      'Next:',
      ...(folder === '' ? [] : [`  cd ${folder}`]),
      `  dagrun run hello --offline        ${ctx.err.dim('runs at once: the answers are made up')}`,
      `  dagrun run hello -i topic=tides   ${ctx.err.dim('with a key in ANTHROPIC_API_KEY or OPENAI_API_KEY')}`,
    ]);
    return EXIT.done;
  },
};

interface SchemaReference {
  /** What the workflow's first line says, relative to `workflows/`. */
  readonly reference: string;
  readonly source: string;
  /** Set when editors find no installed schema from there: a copy goes beside the workflow. */
  readonly copyTo?: string;
}

/** The schema for editors: the installed one when dagrun is a dependency of the project, else a copy. */
async function schemaReference(root: string): Promise<SchemaReference> {
  const source = packagedSchema();
  const inside = relative(root, source);
  if (inside.startsWith(`node_modules${sep}`)) return { source, reference: `../${inside.split(sep).join('/')}` };
  return { source, reference: './workflow.schema.json', copyTo: join(root, 'workflows', 'workflow.schema.json') };
}

/** The schema file in this package, seen from the source as well as from the bundle. */
function packagedSchema(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'schemas', 'workflow.schema.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, 'schemas', 'workflow.schema.json');
}

const CONFIG = `# Settings for every workflow below this folder. Everything here is optional.

# Keys are read from the environment: ANTHROPIC_API_KEY, OPENAI_API_KEY. A provider with neither a key
# nor a base_url is passed over. A server of your own that speaks the OpenAI protocol:
# providers:
#   local: { type: openai, base_url: http://127.0.0.1:11434/v1 }

# Which models a tier means, the first usable one first ("dagrun models" lists them):
# tiers:
#   cheap: [local/llama3.2]
`;

const WORKFLOW = `dagrun: 1
name: hello
description: Three angles on a topic, each looked at by itself, then one paragraph
inputs:
  topic: { type: string, default: why bread rises, description: Anything you are curious about }
nodes:
  angles:
    tier: cheap
    prompt: |
      Name three different angles from which to explain this topic to a curious adult: {{inputs.topic}}
    output: { fields: { angles: [string] } }
  explain:
    tier: cheap
    foreach: nodes.angles.output.angles
    prompt: |
      Explain "{{inputs.topic}}" from this angle, in two sentences: {{item}}
  summary:
    tier: capable
    prompt: |
      Write one paragraph about {{inputs.topic}} that joins these explanations:
      {{bullets nodes.explain.output}}
outputs:
  summary: nodes.summary.output
`;
