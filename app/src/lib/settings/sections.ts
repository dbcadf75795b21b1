/** The pages of the settings, in the order in which they are listed. */
import Building from "@lucide/svelte/icons/building-2";
import ChartColumn from "@lucide/svelte/icons/chart-column";
import CircleUser from "@lucide/svelte/icons/circle-user-round";
import FileX from "@lucide/svelte/icons/file-x";
import Folder from "@lucide/svelte/icons/folder";
import Gauge from "@lucide/svelte/icons/gauge";
import KeyRound from "@lucide/svelte/icons/key-round";
import ScrollText from "@lucide/svelte/icons/scroll-text";
import ShieldCheck from "@lucide/svelte/icons/shield-check";
import SlidersHorizontal from "@lucide/svelte/icons/sliders-horizontal";
import Users from "@lucide/svelte/icons/users";
import type { Component } from "svelte";

export interface SettingsPage {
  path: string;
  label: string;
  /** One line, for the list on a phone and below the page's title. */
  about: string;
  icon: Component;
  /** It shows nothing where there is no project. */
  of_project?: boolean;
}

export interface SettingsGroup {
  of: "project" | "organization" | "person";
  pages: SettingsPage[];
}

export const SETTINGS: SettingsGroup[] = [
  {
    of: "project",
    pages: [
      { path: "/settings/keys", label: "API keys", about: "Keys let agents send and programs read; ready lines to paste.", icon: KeyRound },
      { path: "/settings/project", label: "Project", about: "Its name and id, and how to delete it.", icon: Folder },
      {
        path: "/settings/limits",
        label: "Retention & limits",
        about: "How long events are kept, how many a day, who may call from a browser.",
        icon: Gauge,
      },
      {
        path: "/settings/refused",
        label: "Not stored",
        about: "Records that were refused and batches that failed: read, mend, replay.",
        icon: FileX,
      },
      {
        path: "/settings/usage",
        label: "Usage & cost",
        about: "Events, bytes, queries and their estimated cost, by day.",
        icon: ChartColumn,
      },
    ],
  },
  {
    of: "organization",
    pages: [
      { path: "/settings/organization", label: "Organization", about: "Its name and its projects.", icon: Building },
      { path: "/settings/members", label: "Members", about: "Who belongs to the organization, with which role; invitations.", icon: Users },
      { path: "/settings/audit", label: "Audit log", about: "Who did what, from where and when.", icon: ScrollText, of_project: true },
    ],
  },
  {
    of: "person",
    pages: [
      { path: "/settings/account", label: "Account", about: "Your name and password.", icon: CircleUser },
      {
        path: "/settings/security",
        label: "Sign-in & sessions",
        about: "Second factor, backup codes, and where you are signed in.",
        icon: ShieldCheck,
      },
      { path: "/settings/preferences", label: "Preferences", about: "Theme, zone of times, density.", icon: SlidersHorizontal },
    ],
  },
];

/** The page at this path. */
export function settingsPage(pathname: string): SettingsPage | undefined {
  return SETTINGS.flatMap(({ pages }) => pages).find(({ path }) => path === pathname);
}

/** Whether a page of the settings is about a project: those of the organization and the person are there without one. */
export function needsProject(pathname: string): boolean {
  const group = SETTINGS.find(({ pages }) => pages.some(({ path }) => path === pathname));
  return group?.of === "project" || settingsPage(pathname)?.of_project === true;
}
