/** Letters that may differ between a misspelt word and the one that was meant. */
function toleranceFor(length: number): number {
  if (length <= 2) return 1;
  return length <= 7 ? 2 : 3;
}

/**
 * Edits (insert, delete, replace, swap of neighbours) that turn one text into the other; more than `most` is reported as `most + 1`.
 * Optimal string alignment distance, three rows of the usual table.
 */
export function editDistance(from: string, to: string, most: number): number {
  if (Math.abs(from.length - to.length) > most) return most + 1;
  let older: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const current = [i];
    let least = i;
    for (let j = 1; j <= to.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      let cost = Math.min(replace, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) cost = Math.min(cost, (older[j - 2] ?? 0) + 1);
      current.push(cost);
      least = Math.min(least, cost);
    }
    if (least > most) return most + 1;
    older = previous;
    previous = current;
  }
  return previous[to.length] ?? most + 1;
}

/** The known word nearest to a misspelt one, or null where none is near; case does not count as a difference. */
export function suggest(word: string, known: Iterable<string>): string | null {
  const wanted = word.toLowerCase();
  let best: string | null = null;
  let best_distance = toleranceFor(wanted.length) + 1;
  for (const candidate of known) {
    if (candidate === word) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), best_distance - 1);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}
