/** Shape of the answer to SQL, for the API's description. */
import { z } from "@hono/zod-openapi";
import { Stats } from "./answers.ts";

export const SqlTableAnswer = z
  .object({
    columns: z.array(
      z.object({
        name: z.string().openapi({ description: "No two columns are called alike." }),
        type: z.enum(["timestamp", "text", "number", "boolean", "mixed"]).openapi({ description: "mixed: values of several types." }),
      }),
    ),
    rows: z.array(z.array(z.unknown())).openapi({ description: "Values in the order of the columns; times as text in UTC." }),
    from: z.string().openapi({ description: "Begin of the range that was searched, itself included." }),
    to: z.string().openapi({ description: "Its end, itself excluded." }),
    truncated: z.string().nullable().openapi({ description: "That there are more rows, and what shows them; null where these are all." }),
    overflow: z
      .object({ events: z.number().int() })
      .nullable()
      .openapi({ description: "Matching events that are in none of the rows, since there were too many groups." }),
    partial: z
      .looseObject({ reason: z.string() })
      .nullable()
      .openapi({ description: "Why the answer covers less than the range; null where it is whole." }),
    stats: Stats,
  })
  .openapi("SqlTable");
