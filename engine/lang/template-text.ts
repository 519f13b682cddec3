import type { TemplateValue } from '../contracts/template.ts';

/** A path of a template as its author writes it: `../name`, `@index`, `this.file`, `nodes.scan.output.[0]`. */
export function printPath(value: TemplateValue & { readonly type: 'path' }): string {
  const up = '../'.repeat(value.up);
  if (value.data) return `@${up}${value.parts.join('.')}`;
  const parts = value.parts.map((part) => (/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(part) ? part : `[${part}]`)).join('.');
  if (value.up > 0) return parts === '' ? up.slice(0, -1) : up + parts;
  if (!value.explicit) return parts;
  return parts === '' ? 'this' : `this.${parts}`;
}

/** A value of a template as its author writes it, for messages. */
export function printValue(value: TemplateValue): string {
  switch (value.type) {
    case 'path':
      return printPath(value);
    case 'literal':
      return JSON.stringify(value.value);
    case 'helper': {
      const args = value.args.map((argument) => (argument.type === 'helper' ? `(${printValue(argument)})` : printValue(argument)));
      const named = Object.entries(value.hash).map(
        ([key, one]) => `${key}=${one.type === 'helper' ? `(${printValue(one)})` : printValue(one)}`,
      );
      return [value.name, ...args, ...named].join(' ');
    }
  }
}
