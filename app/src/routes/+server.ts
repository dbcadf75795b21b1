import { redirect } from "@sveltejs/kit";

export const prerender = false;

/** The front door leads to the logs; who is not signed in is sent on from there. */
export function GET(): never {
  redirect(307, "/explore");
}
