import { Script } from 'node:vm';

const FORBIDDEN = /\b(?:import|require|eval|Function|process|globalThis|fetch)\b/g;
const TEXTS_AND_COMMENTS = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/.*|\/\*[\s\S]*?\*\//g;

/** What is wrong with a module, one sentence each. It is read and compiled, and never run. */
export function look({ name, code, max_lines: most }) {
  const bare = code.replace(TEXTS_AND_COMMENTS, "''");
  const words = [...new Set(bare.match(FORBIDDEN) ?? [])];
  const lines = code.split('\n').filter((line) => line.trim() !== '').length;
  const exported = [...bare.matchAll(/^export\s+(?:async\s+)?(?:function|const|class)\s+(\w+)/gm)].map((match) => match[1]);
  return [
    ...(exported.length === 1 && exported[0] === name
      ? []
      : [`it exports ${exported.join(', ') || 'nothing'}; it should export ${name} and nothing else`]),
    ...(words.length > 0 ? [`it uses ${words.join(', ')}`] : []),
    ...(lines > most ? [`it has ${lines} lines, and may have ${most}`] : []),
    ...mistakes(code.replace(/^export\s+/gm, '')),
  ];
}

function mistakes(code) {
  try {
    new Script(code);
    return [];
  } catch (error) {
    return [`it does not compile: ${error.message}`];
  }
}
