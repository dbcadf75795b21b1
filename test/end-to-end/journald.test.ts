/** A journal that is sent without an end: events are there before the request is over, and again after it is repeated. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sampleEvents } from "../support/protocols/sample.ts";
import { journaldSample } from "../support/protocols/syslog.ts";
import { type Project, Service } from "./support/service.ts";

let service: Service;
let project: Project;
beforeAll(async () => {
  service = await Service.start();
  project = await service.createProject();
});
afterAll(() => service?.stop());

function upload(body: ReadableStream<Uint8Array>): Promise<Response> {
  const init = { method: "POST", key: project.key, body, duplex: "half", headers: { "content-type": "application/vnd.fdo.journal" } };
  return service.call("/in/journald/upload", init as RequestInit);
}

it("is taken while it arrives", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const answer = upload(readable);
  await writer.write(journaldSample.encode(sampleEvents(2)).body);
  while ((await service.events(project)).length < 2) await sleep(50);
  const more = journaldSample.encode(sampleEvents(3)).body;
  // The first two come again, as they do where an uploader starts anew; the third in two parts.
  await writer.write(more.subarray(0, more.length - 20));
  await sleep(20);
  await writer.write(more.subarray(more.length - 20));
  await writer.close();
  expect((await answer).status).toBe(200);
  expect((await service.events(project)).map(({ message }) => message)).toEqual(sampleEvents(3).map(({ message }) => message));
});
