/** The pages of the frame, in the order of the rail. */
import Activity from "@lucide/svelte/icons/chart-spline";
import LayoutDashboard from "@lucide/svelte/icons/layout-dashboard";
import Radio from "@lucide/svelte/icons/radio";
import Search from "@lucide/svelte/icons/search";
import Settings from "@lucide/svelte/icons/settings";
import type { Component } from "svelte";

export interface Place {
  path: string;
  label: string;
  keys: string;
  icon: Component;
}

export const PLACES: Place[] = [
  { path: "/explore", label: "Explore", keys: "g e", icon: Search },
  { path: "/live", label: "Live", keys: "g l", icon: Radio },
  { path: "/overview", label: "Overview", keys: "g o", icon: LayoutDashboard },
  { path: "/metrics", label: "Metrics", keys: "g m", icon: Activity },
  { path: "/settings", label: "Settings", keys: "g s", icon: Settings },
];

/** Where a place is for a project: every address names the project, so that it can be passed on. */
export function addressOf(path: string, project_id: string | null | undefined): string {
  return project_id ? `${path}?p=${encodeURIComponent(project_id)}` : path;
}

export function isAt(path: string, pathname: string): boolean {
  return pathname === path || pathname.startsWith(`${path}/`);
}
