import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { runCampaign } from "../support/kill/campaign.ts";

const home = mkdtempSync(join(tmpdir(), "ledge-faults-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

it("a service that is killed again and again while clients send loses nothing, doubles nothing and mixes nothing up", async () => {
  const { verdicts, ...report } = await runCampaign({ home, rounds: 5, clients: 6, seed: 1, answers_max: 80, events_per_request_max: 40 });
  expect(report.kills).toBe(5);
  expect(report.repeated, "requests that a kill left without an answer").toBeGreaterThan(0);
  // Both projects at the end, before and after maintenance.
  expect(verdicts.length).toBeGreaterThanOrEqual(4);
  for (const verdict of verdicts) expect(verdict).toMatchObject({ lost: [], doubled: [], foreign: [] });
  for (const { acknowledged, found } of verdicts.slice(-4)) {
    expect(acknowledged).toBeGreaterThan(100);
    expect(found).toBe(acknowledged);
  }
}, 180_000);
