/** `Firefox on Linux`: enough to know one's own browsers again; the whole text stands on hover. */
const BROWSERS = [
  ["Edg/", "Edge"],
  ["OPR/", "Opera"],
  ["Firefox/", "Firefox"],
  ["HeadlessChrome/", "Chrome"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
  ["curl/", "curl"],
] as const;
const SYSTEMS = [
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Android", "Android"],
  ["Mac OS X", "macOS"],
  ["Windows", "Windows"],
  ["CrOS", "ChromeOS"],
  ["Linux", "Linux"],
] as const;

export function browserName(user_agent: string | null): string {
  if (!user_agent) return "Unknown browser";
  const browser = BROWSERS.find(([mark]) => user_agent.includes(mark))?.[1] ?? user_agent.split(/[/ ]/)[0];
  const system = SYSTEMS.find(([mark]) => user_agent.includes(mark))?.[1];
  return system ? `${browser} on ${system}` : (browser ?? "Unknown browser");
}
