export const count = ({ word }) => ({ letters: word.length });

export const send = async ({ word }) => {
  await new Promise((go) => setTimeout(go, 2));
  return { sent: word };
};
