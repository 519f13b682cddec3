/** The tickets of an export in JSON Lines. Throws with the number of the first line that is none. */
export function read({ text }) {
  const tickets = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const ticket = parsed(line, index + 1);
    for (const field of ['id', 'subject', 'text'])
      if (typeof ticket[field] !== 'string') throw new Error(`line ${index + 1} of the export has no "${field}"`);
    const { id, subject, text: body } = ticket;
    if (tickets.some((one) => one.id === id)) throw new Error(`line ${index + 1} of the export has the id ${id} a second time`);
    tickets.push({ id, subject, text: body });
  }
  return tickets;
}

function parsed(line, number) {
  try {
    const value = JSON.parse(line);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
  } catch {
    // Told below, by its number: the parser knows only the column.
  }
  throw new Error(`line ${number} of the export is no JSON object`);
}
