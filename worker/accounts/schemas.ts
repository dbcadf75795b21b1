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

export const AccountView = z.object({ user: UserView, organizations: z.array(OrganizationView) }).openapi("Account");

export const AccountChanges = z.strictObject({ name: Name }).openapi("AccountChanges");

export const PasswordChange = z
  .strictObject({ current_password: Password, new_password: NewPassword })
  .openapi("PasswordChange", { description: "All other sessions end." });

export const PasswordInput = z.strictObject({ password: Password }).openapi("PasswordAgain");

export const SessionView = z
  .object({
    session_id: z.string(),
    current: z.boolean().openapi({ description: "Whether it is this browser's." }),
    created_at: z.string(),
    expires_at: z.string(),
    ip_address: z.string().nullable(),
    user_agent: z.string().nullable(),
  })
  .openapi("Session");

export const NewTwoFactor = z
  .object({
    totp_uri: z.string().openapi({ description: "What an authenticator app takes, as a QR code or as text." }),
    backup_codes: z.array(z.string()).openapi({ description: "Each opens once, instead of a code. They are shown this once." }),
  })
  .openapi("NewSecondFactor");

export const TotpCode = z.strictObject({ code: z.string().regex(/^\d{6}$/, "six digits") }).openapi("TotpCode");

export const BackupCodes = z.object({ backup_codes: z.array(z.string()) }).openapi("BackupCodes");

export const UserSettings = z
  .looseObject({
    theme: z.enum(["system", "light", "dark"]).optional(),
    time_zone: z.enum(["local", "utc"]).optional(),
    density: z.enum(["compact", "regular", "roomy"]).optional(),
    query_history: z.array(z.string().max(16_384)).max(200).optional(),
  })
  .openapi("UserSettings", {
    description: "What the dashboard keeps for a person. Members that are not named here are kept as they come.",
  });

const Token = z.string().min(1).max(200);

export const ResetRequest = z.strictObject({ email: Email }).openapi("PasswordResetRequest");

export const ResetInput = z.strictObject({ token: Token, new_password: NewPassword }).openapi("PasswordReset");

export const GivenLink = z
  .object({
    url: z.string().openapi({
      description: "To be handed to the person. The token is behind the #, so that it travels to no server before it is used.",
    }),
    path: z.string().openapi({ description: "The same without the address of the app." }),
    expires_at: z.string(),
  })
  .openapi("GivenLink");

export const OperatorReset = z
  .strictObject({
    email: Email,
    remove_two_factor: z
      .boolean()
      .default(false)
      .openapi({ description: "For somebody who has lost the second factor and the backup codes, too." }),
  })
  .openapi("OperatorPasswordReset");

export const NewOrganization = z.strictObject({ name: Name }).openapi("NewOrganization");

export const NameTyped = z
  .strictObject({ confirm_name: z.string().max(1_000).openapi({ description: "The name, typed by whoever means it." }) })
  .openapi("NameTyped");

export const MemberView = z
  .object({
    user_id: z.string(),
    email: z.string(),
    name: z.string(),
    role: RoleSchema,
    two_factor_enabled: z.boolean(),
    created_at: z.string().openapi({ description: "When they joined." }),
  })
  .openapi("Member");

export const RoleInput = z.strictObject({ role: RoleSchema }).openapi("RoleChange");

export const InvitationView = z
  .object({
    invitation_id: z.string(),
    email: z.string(),
    role: RoleSchema,
    invited_by: z.string().openapi({ description: "E-mail address of who asked." }),
    created_at: z.string(),
    expires_at: z.string(),
  })
  .openapi("Invitation");

export const NewInvitation = z.strictObject({ email: Email, role: RoleSchema }).openapi("NewInvitation");

export const CreatedInvitation = InvitationView.extend({
  url: z.string().openapi({ description: "The link that lets them in, shown this once." }),
  path: z.string(),
  mailed: z.boolean().openapi({ description: "Whether it was mailed as well; where not, hand it on." }),
}).openapi("CreatedInvitation");

export const TokenInput = z.strictObject({ token: Token }).openapi("InvitationToken");

export const InvitationOffer = z
  .object({
    organization_name: z.string(),
    email: z.string(),
    role: RoleSchema,
    invited_by: z.string(),
    expires_at: z.string(),
    has_account: z.boolean().openapi({ description: "Whether the address has an account: then it is joined after signing in." }),
  })
  .openapi("InvitationOffer");

export const AcceptInput = z
  .strictObject({
    token: Token,
    name: Name.optional().openapi({ description: "With `password`, for somebody who has no account yet." }),
    password: NewPassword.optional(),
  })
  .openapi("AcceptInvitation");

export const AcceptedInvitation = SignedInAnswer.extend({ organization_id: z.string() }).openapi("AcceptedInvitation");
