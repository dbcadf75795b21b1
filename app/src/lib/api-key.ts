/** The key that the reader pasted, kept in this browser. */
const NAME = "ledge.api_key";

export function storedKey(): string {
  return localStorage.getItem(NAME) ?? "";
}

export function storeKey(key: string): void {
  if (key === "") localStorage.removeItem(NAME);
  else localStorage.setItem(NAME, key);
}
