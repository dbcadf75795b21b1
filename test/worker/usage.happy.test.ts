import { describe, expect, it } from "vitest";
import { call, createProject } from "./support/api.ts";

interface Usage {
  hours: { hour: string; events: number; raw_bytes: number }[];
  missed_frames: number;
}

describe("usage", () => {
  it("counts a project's events once, by the hour in which they came, and nobody else's", async () => {
    const [mine, other] = [await createProject(), await createProject()];
    const usage = async (key: string) => (await (await call("/api/v1/usage", { key })).json()) as Usage;
    expect(await usage(mine.key)).toMatchObject({ hours: [], missed_frames: 0 });
    await call("/api/v1/logs", { key: mine.key, json: [{ message: "a" }, { message: "b" }] });
    await call("/api/v1/logs", { key: mine.key, json: { message: "c" } });
    for (let time = 0; time < 2; time++) {
      const { hours, missed_frames } = await usage(mine.key);
      expect(hours.reduce((sum, hour) => sum + hour.events, 0)).toBe(3);
      expect(hours.every(({ hour }) => /^\d{4}-\d\d-\d\dT\d\d:00:00Z$/.test(hour))).toBe(true);
      expect(missed_frames).toBe(0);
    }
    expect((await usage(other.key)).hours).toEqual([]);
  });
});
