// ristretto255 (RFC 9496), slow and not in constant time: for tests.

import { big, toBig } from './bytes.js';
import { need } from './errors.js';

const P = 2n ** 255n - 19n;
export const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const mod = (value) => ((value % P) + P) % P;
const odd = (value) => (value & 1n) === 1n;
const magnitude = (value) => (odd(value) ? P - value : value);
const little = (bytes) => toBig(Uint8Array.from(bytes).reverse());

function power(base, exponent) {
  let [out, square] = [1n, mod(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (odd(rest)) out = (out * square) % P;
    square = (square * square) % P;
  }
  return out;
}

const D = mod(-121665n * power(121666n, P - 2n));
const ROOT_M1 = power(2n, (P - 1n) / 4n);

/** Whether u/v is a square, and the root (RFC 9496 section 4.2). */
function rootOfRatio(top, v) {
  const u = mod(top);
  let root = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  const check = mod(v * root * root);
  if ([mod(-u), mod(-u * ROOT_M1)].includes(check)) root = mod(root * ROOT_M1);
  return { square: [u, mod(-u)].includes(check), root: magnitude(root) };
}

const INVERSE_ROOT = rootOfRatio(1n, mod(-1n - D)).root;
// The one with the sign that RFC 9496 gives: it is odd.
const ROOT_AD_MINUS_ONE = P - rootOfRatio(-D - 1n, 1n).root;

/** The sum of two points in extended coordinates. */
function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const [a, b] = [mod((y1 - x1) * (y2 - x2)), mod((y1 + x1) * (y2 + x2))];
  const [c, d] = [mod(2n * t1 * t2 * D), mod(2n * z1 * z2)];
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

/** factor * point */
export function multiply(factor, point) {
  let [out, double] = [[0n, 1n, 1n, 0n], point];
  for (let rest = factor; rest > 0n; rest >>= 1n) {
    if (odd(rest)) out = add(out, double);
    double = add(double, double);
  }
  return out;
}

/** Whether it is the neutral element. */
export const isIdentity = ([x, y]) => x === 0n || y === 0n;

/** The element of a canonical encoding (RFC 9496 section 4.3.1). */
export function decode(data) {
  const s = little(data);
  need(data.length === 32 && s < P && !odd(s), 'no encoding of an element');
  const [u1, u2] = [mod(1n - s * s), mod(1n + s * s)];
  const v = mod(-D * u1 * u1 - u2 * u2);
  const { square, root } = rootOfRatio(1n, mod(v * u2 * u2));
  const dx = mod(root * u2);
  const x = magnitude(mod(2n * s * dx));
  const y = mod(u1 * root * dx * v);
  need(square && !odd(mod(x * y)) && y !== 0n, 'no encoding of an element');
  return [x, y, 1n, mod(x * y)];
}

/** RFC 9496 section 4.3.2 */
export function encode([x, y, z, t]) {
  const [u1, u2] = [mod((z + y) * (z - y)), mod(x * y)];
  const { root } = rootOfRatio(1n, mod(u1 * u2 * u2));
  const [one, two] = [mod(u1 * root), mod(u2 * root)];
  const inverse = mod(one * two * t);
  const turned = odd(mod(t * inverse));
  const [left, up] = turned ? [mod(y * ROOT_M1), mod(x * ROOT_M1)] : [x, y];
  const scale = turned ? mod(one * INVERSE_ROOT) : two;
  const height = odd(mod(left * inverse)) ? mod(-up) : up;
  return big(magnitude(mod((z - height) * scale)), 32).reverse();
}

/** RFC 9496 section 4.3.4 */
function map(t) {
  const r = mod(ROOT_M1 * t * t);
  const [u, v] = [mod((r + 1n) * (1n - D * D)), mod((-1n - r * D) * (r + D))];
  const { square, root } = rootOfRatio(u, v);
  const s = square ? root : mod(-magnitude(mod(root * t)));
  const n = mod((square ? -1n : r) * (r - 1n) * (D - 1n) * (D - 1n) - v);
  const [w0, w1, w2, w3] = [2n * s * v, n * ROOT_AD_MINUS_ONE, 1n - s * s, 1n + s * s];
  return [mod(w0 * w3), mod(w2 * w1), mod(w1 * w3), mod(w0 * w2)];
}

/** The one-way map of 64 bytes. */
export function fromHash(data) {
  const [one, other] = [data.slice(0, 32), data.slice(32)].map((half) => map(mod(little(half) & (2n ** 255n - 1n))));
  return add(one, other);
}
