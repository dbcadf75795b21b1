/**
 * The first `most` of the numbers below `count` by an order, themselves in that order: a heap of those found so far, the last of them on top.
 * @param compare negative where the left one comes first
 * @param ranks what the order goes by first, least first, if that is known as numbers
 * @param bound numbers of a greater rank are left out
 */
export function topIndexes(
  count: number,
  most: number,
  compare: (left: number, right: number) => number,
  ranks: Float64Array | null = null,
  bound = Number.POSITIVE_INFINITY,
): number[] {
  const heap: number[] = [];
  let last_rank = bound;
  for (let index = 0; index < count; index++) {
    if (ranks && ranks[index]! > last_rank) continue;
    if (heap.length < most) {
      heap.push(index);
      rise(heap, compare);
    } else if (compare(index, heap[0]!) < 0) {
      heap[0] = index;
      sink(heap, compare);
    }
    if (ranks && heap.length === most) last_rank = ranks[heap[0]!]!;
  }
  return heap.sort((left, right) => compare(left, right) || left - right);
}

function rise(heap: number[], compare: (left: number, right: number) => number): void {
  let at = heap.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (compare(heap[at]!, heap[parent]!) <= 0) return;
    swap(heap, at, parent);
    at = parent;
  }
}

function sink(heap: number[], compare: (left: number, right: number) => number): void {
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) return;
    const child = left + 1 < heap.length && compare(heap[left + 1]!, heap[left]!) > 0 ? left + 1 : left;
    if (compare(heap[child]!, heap[at]!) <= 0) return;
    swap(heap, at, child);
    at = child;
  }
}

function swap(heap: number[], left: number, right: number): void {
  const held = heap[left]!;
  heap[left] = heap[right]!;
  heap[right] = held;
}
