import { randomOf } from "../random.ts";
import { type PlainEvent, randomEvents } from "./events.ts";
import { SearchHouse } from "./house.ts";

const MINUTE_US = 60_000_000;

export interface Filled {
  house: SearchHouse;
  events: PlainEvent[];
}

/** A project with flushed, merged and waiting events over some days. */
export async function filledHouse(start_us: number, seed: number, count = 900): Promise<Filled> {
  const random = randomOf(seed);
  const house = new SearchHouse(start_us);
  const events: PlainEvent[] = [];
  while (events.length < count) {
    house.now_us += Math.floor(random() * 90 * MINUTE_US);
    const part = randomEvents(random, 40 + Math.floor(random() * 40), house.now_us);
    house.append(part);
    events.push(...part);
    if (random() < 0.5) house.flush(3);
    if (random() < 0.4) house.exportRows();
    if (random() < 0.3) await house.compact([...house.alive.values()].filter(({ level }) => level === 0).slice(0, 5), true);
  }
  return { house, events };
}
