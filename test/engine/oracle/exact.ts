/** Sums of doubles without any error before the last step, with whole numbers as large as it takes. */

/** Doubles are multiples of 2^-1074. */
const SCALE_BITS = 1074n;

function scaled(value: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const exponent = (raw >> 52n) & 0x7ffn;
  const fraction = raw & 0xfffffffffffffn;
  const size = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n);
  return raw >> 63n === 1n ? -size : size;
}

/** The double nearest to `total` * 2^-1074, ties to even; infinite beyond their range. */
function nearest(total: bigint): number {
  const size = total < 0n ? -total : total;
  const surplus = BigInt(size.toString(2).length) - 53n;
  let rounded = size;
  if (surplus > 0n) {
    const half = 1n << (surplus - 1n);
    const rest = size & ((1n << surplus) - 1n);
    rounded = size >> surplus;
    if (rest > half || (rest === half && (rounded & 1n) === 1n)) rounded++;
  }
  // Exact: at most 53 bits, times a power of two in two steps within the range of doubles.
  const power = (surplus > 0n ? surplus : 0n) - SCALE_BITS;
  const first = power < -537n ? -537n : power;
  const value = Number(rounded) * 2 ** Number(first) * 2 ** Number(power - first);
  return total < 0n ? -value : value;
}

/** The sum rounded once. */
export function exactSum(values: readonly number[]): number {
  return nearest(values.reduce((sum, value) => sum + scaled(value), 0n));
}
