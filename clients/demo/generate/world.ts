import { Random, Weighted, zipf } from "./random.ts";
import { parseTemplate, type Template } from "./slots.ts";
import { FAILURE_VERBS, FAILURES, OPENINGS, SERVICES, type ServiceWords, TAILS, WARNING_VERBS } from "./words.ts";

/** Message templates of all services together, at most. */
export const TEMPLATES_MAX = 3_000;
/** The hundred most frequent templates make about three quarters of the messages. */
const TEMPLATE_SKEW = 1.4;

export type Mood = "fine" | "warning" | "failure";

export interface ServiceWorld {
  words: ServiceWords;
  hosts: string[];
  paths: string[];
  templates: Record<Mood, Template[]>;
  choice: Record<Mood, Weighted>;
  path_choice: Weighted | null;
}

/** Services with their hosts, paths and message templates: the part of the generated world that does not change from event to event. */
export interface World {
  services: ServiceWorld[];
  choice: Weighted;
  templates: number;
}

/** The same seed makes the same world. */
export function makeWorld(seed: number): World {
  const random = new Random(seed);
  const weights = SERVICES.map((words) => words.weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const services = SERVICES.map((words) => makeService(words, Math.round((TEMPLATES_MAX * words.weight) / total), random));
  const templates = services.reduce(
    (sum, service) => sum + service.templates.fine.length + service.templates.warning.length + service.templates.failure.length,
    0,
  );
  return { services, choice: new Weighted(weights), templates };
}

function makeService(words: ServiceWords, templates: number, random: Random): ServiceWorld {
  const region = ["eu1", "eu2", "us1"];
  const made: Record<Mood, Template[]> = {
    fine: makeTemplates(Math.round(templates * 0.6), () => fineMessage(words, random)),
    warning: makeTemplates(Math.round(templates * 0.15), () => troubleMessage(words, WARNING_VERBS, random)),
    failure: makeTemplates(Math.round(templates * 0.25), () => troubleMessage(words, FAILURE_VERBS, random)),
  };
  const paths = makePaths(words, random);
  return {
    words,
    hosts: Array.from({ length: words.hosts }, (_, index) => `${words.name}-${region[index % 3]}-${String(index).padStart(2, "0")}`),
    paths,
    templates: made,
    choice: { fine: choiceOf(made.fine), warning: choiceOf(made.warning), failure: choiceOf(made.failure) },
    path_choice: paths.length > 0 ? new Weighted(zipf(paths.length, 1)) : null,
  };
}

function choiceOf(templates: Template[]): Weighted {
  return new Weighted(zipf(templates.length, TEMPLATE_SKEW));
}

/** Different texts only; a service of few words may have fewer than asked for. */
function makeTemplates(count: number, make: () => string): Template[] {
  const texts = new Set<string>();
  for (let tries = 0; texts.size < count && tries < count * 20; tries++) texts.add(make());
  return [...texts].map(parseTemplate);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function fineMessage(words: ServiceWords, random: Random): string {
  const subject = random.pick(OPENINGS) + random.pick(words.things);
  return `${capital(subject)} ${random.pick(words.actions)} ${random.pick(words.details)}${random.pick(TAILS)}`;
}

function troubleMessage(words: ServiceWords, verbs: readonly string[], random: Random): string {
  const subject = random.pick(OPENINGS) + random.pick(words.things);
  return `${capital(subject)} ${random.pick(verbs)} in ${random.pick(words.components)}: ${random.pick(FAILURES)}${random.pick(TAILS)}`;
}

function makePaths(words: ServiceWords, random: Random): string[] {
  const paths = new Set(words.routes);
  for (const route of words.routes) {
    if (route.endsWith(".txt") || route === "/healthz") continue;
    for (let index = 0; index < 12; index++) paths.add(`${route === "/" ? "" : route}/${100 + random.below(900)}`);
  }
  return [...paths];
}
