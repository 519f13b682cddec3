/**
 * Text of a model as it may be printed in a GitHub workflow: a line that the runner would take for a command of ours
 * (`::add-mask::`, `##[error]`) gets an invisible space inside its marker.
 */
export function disarm(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, '$1:\u200B').replace(/##(?=\[)/g, '##\u200B');
}

/** The same for JSON, which still says the same afterwards: its lines cannot begin with a marker, but may hold one. */
export function disarmJson(json: string): string {
  return json.replaceAll('##[', '#\\u0023[');
}
