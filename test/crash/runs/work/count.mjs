export const count = ({ words }, { log }) => {
  log('counting');
  return { words: words.length };
};
