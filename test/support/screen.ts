/**
 * What a terminal shows after it was sent `output`: enough of one to read a view that redraws itself. Knows line feeds,
 * carriage returns, moves by `CSI n A|B|G`, erasing by `CSI n K|J`; drops colours and everything else.
 */
export function screenOf(output: string): string {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  const put = (text: string): void => {
    const line = (lines[row] ?? '').padEnd(column);
    lines[row] = line.slice(0, column) + text + line.slice(column + text.length);
    column += text.length;
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a terminal reads.
  for (const match of output.matchAll(/\u001B\[([?0-9;]*)([A-Za-z])|\u001B[\]()][^\u0007]*\u0007?|(\r?\n)|(\r)|([^\u001B\r\n]+)/g)) {
    const [, args = '', command, lineFeed, carriageReturn, text] = match;
    const count = Number(args === '' ? (command === 'J' || command === 'K' ? 0 : 1) : args);
    if (text !== undefined) put(text);
    else if (lineFeed !== undefined) {
      row += 1;
      column = 0;
      lines[row] ??= '';
    } else if (carriageReturn !== undefined) column = 0;
    else if (command === 'A') row = Math.max(0, row - count);
    else if (command === 'B') row += count;
    else if (command === 'G') column = count - 1;
    else if (command === 'K') lines[row] = count === 2 ? '' : (lines[row] ?? '').slice(0, column);
    else if (command === 'J' && count === 0) {
      lines.length = row + 1;
      lines[row] = (lines[row] ?? '').slice(0, column);
    }
    for (let at = lines.length; at <= row; at++) lines[at] = '';
  }
  return lines.map((line) => (line ?? '').trimEnd()).join('\n');
}
