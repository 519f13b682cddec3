import type { ModelAsk, ModelRequest } from '../contracts/provider.ts';
import type { ModelInfo } from './catalog.ts';

/**
 * What a model is known to be unable to do that an ask cannot go without: `images`, `PDFs`, `tools`; undefined when there is nothing.
 * What can be left out (a temperature, thinking) is left out instead.
 */
export function lacking(ask: Pick<ModelAsk, 'messages' | 'tools'>, info: ModelInfo | undefined): string | undefined {
  if (info === undefined) return undefined;
  const attached = (type: string): boolean =>
    ask.messages.some(
      (message) => (message.role !== 'tool' && message.attachments?.some((attachment) => attachment.type === type)) ?? false,
    );
  if (info.vision === false && attached('image')) return 'images';
  if (info.pdf === false && attached('document')) return 'PDFs';
  return info.tools === false && (ask.tools?.length ?? 0) > 0 ? 'tools' : undefined;
}

/** How much a model is told to think, and how; nothing for one that cannot. */
export function reasoningOf(
  ask: Pick<ModelAsk, 'reasoning' | 'tools'>,
  info: ModelInfo | undefined,
): Pick<ModelRequest, 'reasoning' | 'reasoningBy'> {
  const control = typeof info?.reasoning === 'string' ? { reasoningBy: info.reasoning } : {};
  // Such a model thinks unless it is told not to, and is refused with tools as long as it does.
  if (info?.tools === 'without_reasoning' && (ask.tools?.length ?? 0) > 0) return { reasoning: 'none', ...control };
  return ask.reasoning === undefined || info?.reasoning === false ? {} : { reasoning: ask.reasoning, ...control };
}

/** The temperature a model is asked with. One that is refused is left out, as is one beside thinking, which both makers refuse. */
export function temperatureOf(
  ask: Pick<ModelAsk, 'reasoning' | 'temperature'>,
  info: ModelInfo | undefined,
): Pick<ModelRequest, 'temperature'> {
  const thinks = ask.reasoning !== undefined && ask.reasoning !== 'none' && typeof info?.reasoning === 'string';
  return ask.temperature === undefined || info?.temperature === false || thinks ? {} : { temperature: ask.temperature };
}
