import { z } from "@hono/zod-openapi";
import { ROLES } from "../catalog/people.ts";
import { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from "../limits.ts";
import { Email, Name } from "../schemas.ts";

export const RoleSchema = z.enum(ROLES).openapi("Role");

export const NewPassword = z
  .string()
  .min(PASSWORD_LENGTH_MIN)
  .max(PASSWORD_LENGTH_MAX)
  .openapi({ description: `At least ${PASSWORD_LENGTH_MIN} characters.` });

/** One that is there already: whatever its length, it is right or wrong. */
export const Password = z.string().min(1).max(PASSWORD_LENGTH_MAX);

export const UserView = z
  .object({
    user_id: z.string(),
    email: z.string(),
    name: z.string(),
    two_factor_enabled: z.boolean(),
    created_at: z.string(),
  })
  .openapi("User");

export const SessionState = z
  .object({
    user: UserView.nullable().openapi({ description: "Null where nobody is signed in." }),
    session: z.object({ session_id: z.string(), created_at: z.string(), expires_at: z.string() }).nullable(),
  })
  .openapi("SessionState");

export const SetupState = z
  .object({
    needs_owner: z.boolean().openapi({ description: "Whether nobody has signed up yet: the next one to do so owns the installation." }),
    needs_code: z.boolean().openapi({ description: "Whether signing up asks for the setup code that the operator has." }),
    mail: z
      .boolean()
      .openapi({ description: "Whether Ledge sends mails: where not, links for resets and invitations are handed on by people." }),
    password_length_min: z.number().int(),
  })
  .openapi("SetupState");

export const OperatorSetup = z
  .object({
    needs_owner: z.boolean(),
    code: z.string(),
    path: z.string().openapi({ description: "Of the app: behind it the code travels to no server." }),
  })
  .openapi("OperatorSetup");

export const SignUpInput = z
  .strictObject({
    name: Name,
    email: Email,
    password: NewPassword,
    code: z.string().max(100).optional().openapi({ description: "The setup code, where `needs_code` says so." }),
    organization_name: Name.optional().openapi({ description: "A new name for the organization that was made at the first start." }),
  })
  .openapi("SignUp");

export const SignInInput = z
  .strictObject({
    email: Email,
    password: Password,
    remember: z.boolean().default(true).openapi({ description: "False: the session ends with the browser, and after a day." }),
  })
  .openapi("SignIn");

export const SignedInAnswer = z
  .object({
    two_factor_required: z
      .boolean()
      .openapi({ description: "True: nobody is signed in yet, a code is asked for at /api/v1/auth/two-factor." }),
    user: UserView.nullable(),
  })
  .openapi("SignedIn");

export const TwoFactorInput = z
  .union([
    z.strictObject({
      code: z.string().regex(/^\d{6}$/, "six digits"),
      trust_browser: z.boolean().default(false).openapi({ description: "This browser is asked for no code for 30 days." }),
    }),
    z.strictObject({ backup_code: z.string().min(1).max(50) }),
  ])
  .openapi("SecondFactor");

export const OrganizationView = z
  .object({
    organization_id: z.string(),
    name: z.string(),
    role: RoleSchema,
  })
  .openapi("Organization");
