import type { Path, SourceFile, SourceHost } from '../contracts/source.ts';
import type { Written } from './layers.ts';
import { mistake, type NodeContext, type Verdict } from './node-context.ts';
import { normalise } from './schema-library.ts';

/** The text of a prompt that has a file of its own, or why there is none. */
export type PromptFile = SourceFile | { readonly problem: 'missing' | 'outside' | 'empty' };

/** Reads prompts from files beside the workflow's own, whose name is `workflow`. */
export function promptFiles(host: SourceHost, workflow: string): (path: string) => PromptFile {
  const folder = /^(.*[\\/])/.exec(workflow)?.[1] ?? '';
  return (path) => {
    const file = normalise('', path);
    const text = path.startsWith('/') ? '' : host.read(file);
    if (text === undefined) return { problem: 'missing' };
    if (path.startsWith('/') || host.outside?.(file)) return { problem: 'outside' };
    return text.trim() === '' ? { problem: 'empty' } : { name: `${folder}${file}`, text };
  };
}

/** The fields with the text of their `prompt_file` as their `prompt`; what is wrong with the file is reported. */
export function withPromptFile(from: Written, { document, promptFile }: NodeContext, { wrong }: Verdict): Written {
  const { prompt_file: path, ...fields } = from.fields;
  if (typeof path !== 'string') return from;
  const place: Path = from.placeOf('prompt_file');
  const at = document.spanOf(place);
  const read = path.includes('{{') ? { problem: 'template' as const } : promptFile(path, place);
  if ('problem' in read) {
    switch (read.problem) {
      case 'template':
        wrong(
          mistake('DAG138', at, 'the path of a prompt file cannot be made from values', {
            because: 'what a prompt reads has to be known before the run',
            help: 'write a `route` whose cases have a `prompt_file` each',
          }),
        );
        break;
      case 'missing':
        wrong(mistake('DAG138', at, `there is no file "${path}"`, { help: 'paths start at the folder of the file that names them' }));
        break;
      case 'outside':
        wrong(mistake('DAG138', at, `"${path}" lies outside the workspace`));
        break;
      case 'empty':
        wrong(mistake('DAG138', at, `"${path}" is empty`, { help: 'write into it what the model is asked' }));
    }
    // What else is wrong with the node can be told all the same.
    return { ...from, fields: { ...fields, prompt: ' ' } };
  }
  return {
    ...from,
    fields: { ...fields, prompt: read.text },
    placeOf: (field) => (field === 'prompt' ? place : from.placeOf(field)),
  };
}
