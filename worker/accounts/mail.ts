import type { Env } from "../env.ts";

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

export function sendsMail(env: Env): boolean {
  return env.MAIL !== undefined && env.LEDGE_MAIL_FROM !== undefined;
}

/** Sends a mail where that is set up. @returns whether it was handed over; a failure is logged and no reason to fail the request, which has the link */
export async function sendMail(env: Env, mail: Mail): Promise<boolean> {
  if (!env.MAIL || !env.LEDGE_MAIL_FROM) return false;
  try {
    await env.MAIL.send({ from: env.LEDGE_MAIL_FROM, ...mail });
    return true;
  } catch (error) {
    console.error("a mail was not sent", error);
    return false;
  }
}
