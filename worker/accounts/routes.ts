import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../auth/access.ts";
import { createRouter } from "../router.ts";
import { accountRoutes } from "./account.ts";
import { accountSessionRoutes } from "./account-sessions.ts";
import { accountTwoFactorRoutes } from "./account-two-factor.ts";
import { invitationRoutes } from "./invitations.ts";
import { memberRoutes } from "./members.ts";
import { organizationRoutes } from "./organizations.ts";
import { passwordResetRoutes } from "./password-reset.ts";
import { searchRoutes } from "./saved-searches.ts";
import { setupRoutes } from "./setup.ts";
import { signInRoutes } from "./sign-in.ts";

const PARTS = [
  setupRoutes,
  signInRoutes,
  passwordResetRoutes,
  accountRoutes,
  accountSessionRoutes,
  accountTwoFactorRoutes,
  organizationRoutes,
  memberRoutes,
  invitationRoutes,
  searchRoutes,
];

/** People: how they sign up and in, what they belong to, what they keep for each other. */
export const peopleRoutes: OpenAPIHono<AppEnv> = createRouter();
for (const part of PARTS) peopleRoutes.route("/", part);
