'use strict';
// A result as JSON that keeps what Node knows of its type, and is the same in every run; README.md lists the forms.

function canonical(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return { number: Object.is(value, -0) ? '-0' : String(value) };
  if (value instanceof Date) return { date: value.getTime() };
  if (Buffer.isBuffer(value)) return { bytes: value.toString('hex') };
  if (Array.isArray(value)) return { list: value.map(canonical) };
  if (isLong(value)) return { number: value.toString() };
  if (value instanceof Map) {
    return { entries: sorted([...value].map(([key, item]) => [canonical(key), canonical(item)])) };
  }
  return { entries: sorted(Object.keys(value).map((key) => [key, canonical(value[key])])) };
}

// What hessian.js gives for a number that JavaScript cannot hold.
function isLong(value) {
  return typeof value === 'object' && typeof value.high === 'number' && typeof value.low === 'number';
}

// Hash maps have no order.
function sorted(entries) {
  const text = (entry) => JSON.stringify(entry[0]);
  return entries.sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

module.exports = { canonical };
