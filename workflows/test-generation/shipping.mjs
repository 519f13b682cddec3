/** What a shop charges for sending a parcel. Prices are in cents. */

const BASE = { home: 490, pickup: 290 };

/** The price for a parcel of so many grams. */
export function shippingPrice(grams, method = 'home') {
  if (!(method in BASE)) throw new Error(`unknown method: ${method}`);
  if (grams <= 0) throw new RangeError('a parcel weighs something');
  const steps = grams > 2000 ? Math.ceil((grams - 2000) / 1000) : 0;
  return BASE[method] + steps * 120;
}

/** The subtotal after a voucher such as `SPRING-15` (per cent) or `MINUS-500` (cents); never below zero. */
export function withVoucher(subtotal, voucher) {
  if (!voucher) return subtotal;
  const [word, amount] = voucher.split('-');
  const value = Number(amount);
  if (!Number.isInteger(value) || value < 0) return subtotal;
  if (word === 'MINUS') return Math.max(0, subtotal - value);
  return Math.round(subtotal * (1 - value / 100));
}

/** Whether a postcode is one that the van goes to: five digits, first two from 10 to 14. */
export const isLocal = (postcode) => /^1[0-4]\d{3}$/.test(postcode.trim());

function isLarge(lines) {
  return lines > 20;
}

/** In how many days an order of so many lines arrives; large ones take a day longer, unless they come today. */
export function daysToArrive({ local, express, lines }) {
  if (express && local) return 0;
  const days = express ? 1 : local ? 2 : 4;
  return isLarge(lines) ? days + 1 : days;
}
