export const count = ({ text }, { log }) => {
  log('counting');
  return text.split(' ').length;
};
export const later = async ({ text }) => text.toUpperCase();
export const given = (value) => value;
