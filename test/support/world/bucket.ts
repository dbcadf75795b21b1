/** An R2 bucket in memory, as far as Ledge uses one. Effects happen when `step` says so. */
export interface StoredObject {
  bytes: Uint8Array;
  etag: string;
  uploaded_ms: number;
}

export type Step = <T>(name: string, effect: () => T) => Promise<T>;

const PAGE_SIZE = 7;

/** @param objects the bucket's content, shared by all who look at it */
export function bucketOn(objects: Map<string, StoredObject>, step: Step, now_ms: () => number): R2Bucket {
  const put = (key: string, body: Uint8Array | string, options?: { onlyIf?: { etagDoesNotMatch?: string; etagMatches?: string } }) => {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body.slice();
    return step("r2.put", () => {
      if (options?.onlyIf?.etagDoesNotMatch === "*" && objects.has(key)) return null;
      if (options?.onlyIf?.etagMatches && objects.get(key)?.etag !== options.onlyIf.etagMatches) return null;
      objects.set(key, { bytes, etag: String(Number(objects.get(key)?.etag ?? 0) + 1), uploaded_ms: now_ms() });
      return { key };
    });
  };
  const get = (key: string, options?: { range?: { offset: number; length: number }; onlyIf?: { etagMatches?: string } }) =>
    step("r2.get", () => {
      const object = objects.get(key);
      if (!object) return null;
      if (options?.onlyIf?.etagMatches && options.onlyIf.etagMatches !== object.etag) return { key, etag: object.etag };
      const { offset, length } = options?.range ?? { offset: 0, length: object.bytes.length };
      const bytes = object.bytes.slice(offset, offset + length);
      const text = () => new TextDecoder().decode(bytes);
      return {
        key,
        etag: object.etag,
        size: object.bytes.length,
        arrayBuffer: async () => bytes.buffer,
        text: async () => text(),
        json: async () => JSON.parse(text()),
      };
    });
  const head = (key: string) =>
    step("r2.head", () => {
      const object = objects.get(key);
      return object ? { key, size: object.bytes.length, uploaded: new Date(object.uploaded_ms) } : null;
    });
  const remove = (keys: string | string[]) =>
    step("r2.delete", () => {
      for (const key of typeof keys === "string" ? [keys] : keys) objects.delete(key);
    });
  const list = ({ prefix, cursor }: { prefix: string; cursor?: string }) =>
    step("r2.list", () => {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > (cursor ?? "")).sort();
      const page = keys.slice(0, PAGE_SIZE);
      const listed = page.map((key) => ({ key, size: objects.get(key)!.bytes.length, uploaded: new Date(objects.get(key)!.uploaded_ms) }));
      const truncated = keys.length > PAGE_SIZE;
      return { objects: listed, truncated, cursor: truncated ? page.at(-1) : undefined };
    });
  return { put, get, head, delete: remove, list } as unknown as R2Bucket;
}
