/** The generated events that the measurements send: the same world as the demo's, see clients/demo/generate/. */
export { EventSource, type GeneratedEvent, type GeneratedLevel, type Incident } from "../clients/demo/generate/events.ts";
export { Random } from "../clients/demo/generate/random.ts";
export { SLOW_MS, TIMEOUT_PHRASE, type Truth } from "../clients/demo/generate/truth.ts";
export { type NdjsonBatch, WEEK_MS, Week, type WeekOptions } from "../clients/demo/generate/week.ts";
export { NEEDLE_PHRASE, SERVICES } from "../clients/demo/generate/words.ts";
