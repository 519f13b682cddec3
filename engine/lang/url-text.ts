import { Failed } from '../contracts/failure.ts';
import type { TemplatePart } from '../contracts/template.ts';
import type { Scope } from './evaluate.ts';
import { compileTemplate } from './render.ts';
import { printValue } from './template-text.ts';

/**
 * Renders a template that makes a URL: what it prints is encoded, so that a value stays within its segment of the path or its part of
 * the query. Only what stands first is taken as it is: it is the beginning of the URL, such as `{{inputs.base_url}}`.
 * The parts print or are text. Throws Failed for a value that would leave a segment empty, which makes another address of it.
 */
export function compileUrl(parts: readonly TemplatePart[], partials: Readonly<Record<string, string>>): (scope: Scope) => string {
  const pieces = parts.map((part, index) => {
    const render = compileTemplate([part], partials);
    if (part.type !== 'print' || index === 0) return render;
    const inQuery = parts.slice(0, index).some((earlier) => earlier.type === 'text' && earlier.text.includes('?'));
    return (scope: Scope): string => {
      const text = render(scope);
      if (text !== '' || inQuery) return encodeURIComponent(text);
      throw new Failed({ type: 'expression_failed', message: `\`${printValue(part.value)}\` is empty, and the URL would be another one` });
    };
  });
  return (scope) => pieces.map((piece) => piece(scope)).join('');
}
