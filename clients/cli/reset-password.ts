/**
 * Makes a link by which somebody sets a new password: for an owner who has forgotten it, where no mails are sent. Of the local service, or of the one at
 * `--url` (its operator token in LEDGE_OPERATOR_TOKEN; `--app` where the app has another address).
 */
import { parseArgs } from "node:util";
import { StartFault } from "./local/index.ts";
import { askOperator, findService } from "./operator.ts";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      email: { type: "string" },
      "remove-two-factor": { type: "boolean", default: false },
      url: { type: "string" },
      app: { type: "string" },
    },
  });
  if (!values.email) throw new StartFault("Say whose: npm run reset-password -- --email you@example.com");
  const service = await findService(values.url);
  try {
    const { path, expires_at } = await askOperator<{ path: string; expires_at: string }>(service, "/api/v1/admin/password-resets", {
      email: values.email,
      remove_two_factor: values["remove-two-factor"],
    });
    console.log(`\nA new password for ${values.email}, until ${expires_at}:\n\n  ${values.app ?? service.url}${path}\n`);
    if (values["remove-two-factor"]) console.log("The second factor is switched off.\n");
  } finally {
    await service.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? `\n${error.message}\n` : error);
  process.exit(1);
});
