import type { Random } from "./random.ts";

const DEVICES = ["iPhone", "Android", "desktop Firefox", "desktop Chrome", "tablet", "smart TV"];
const PROVIDERS = ["stripe", "adyen", "paypal", "klarna", "google", "github"];
const QUEUES = ["mail", "thumbnails", "exports", "billing", "search-index", "webhooks"];
const TABLES = ["orders", "users", "items", "payments", "sessions", "stock_levels", "audit_log"];
const REGIONS = ["eu-west", "eu-central", "us-east", "us-west", "ap-south"];
const DIRECTORIES = ["/var/lib/app", "/srv/data/export", "/tmp/upload", "/mnt/blob/2026"];
const STATUSES = [400, 403, 404, 409, 429, 500, 502, 503, 504];
const USERS = 50_000;

/** A user id; a few users do most of what is done. */
export function userId(random: Random): string {
  const skewed = random.float() ** 3;
  return `u_${String(Math.floor(skewed * USERS)).padStart(5, "0")}`;
}

export function ipAddress(random: Random): string {
  return `10.${random.below(32)}.${random.below(256)}.${1 + random.below(254)}`;
}

function uuid(random: Random): string {
  const hex = random.hex(32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** What a `{slot}` of a template may say. */
export const SLOTS: Record<string, (random: Random) => string> = {
  ms: (random) => String(Math.ceil(random.logNormal(60, 1.2))),
  number: (random) => String(Math.floor(random.logNormal(200, 1.5))),
  small: (random) => String(random.below(16)),
  bytes: (random) => String(Math.floor(random.logNormal(12_000, 1.6))),
  decimal: (random) => random.logNormal(4, 1.3).toFixed(3),
  amount: (random) => random.logNormal(45, 0.9).toFixed(2),
  ip: ipAddress,
  port: (random) => String(1_024 + random.below(60_000)),
  user: userId,
  uuid,
  hex: (random) => random.hex(16),
  id: (random) => String(1_000_000 + random.below(9_000_000)),
  order: (random) => `ord-${100_000 + random.below(900_000)}`,
  host: (random) => `node-${random.below(48)}.${random.pick(REGIONS)}.internal`,
  path: (random) => `${random.pick(DIRECTORIES)}/part-${random.below(10_000)}.dat`,
  status: (random) => String(random.pick(STATUSES)),
  device: (random) => random.pick(DEVICES),
  provider: (random) => random.pick(PROVIDERS),
  queue: (random) => random.pick(QUEUES),
  table: (random) => random.pick(TABLES),
  region: (random) => random.pick(REGIONS),
};

/** A template cut at its slots: texts and what goes between them. */
export interface Template {
  texts: string[];
  slots: ((random: Random) => string)[];
}

export function parseTemplate(text: string): Template {
  const parts = text.split(/\{(\w+)\}/);
  const template: Template = { texts: [], slots: [] };
  for (const [index, part] of parts.entries()) {
    if (index % 2 === 0) template.texts.push(part);
    else {
      const slot = SLOTS[part];
      if (slot === undefined) throw new Error(`no slot "${part}" in "${text}"`);
      template.slots.push(slot);
    }
  }
  return template;
}

export function fill(template: Template, random: Random): string {
  let text = template.texts[0]!;
  for (let index = 0; index < template.slots.length; index++) text += template.slots[index]!(random) + template.texts[index + 1]!;
  return text;
}
