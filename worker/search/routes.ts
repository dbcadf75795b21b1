import { createRouter } from "../router.ts";
import { exportRoutes } from "./export-routes.ts";
import { lookupRoutes } from "./lookup-routes.ts";
import { queryRoutes } from "./query-routes.ts";
import { searchPaths } from "./search-routes.ts";
import { sqlRoutes } from "./sql-routes.ts";

/** Everything under search. The address of one event comes last: `/api/v1/logs/{event_id}` would take the names of the others for ids. */
export const searchRoutes = createRouter();
searchRoutes.route("/", searchPaths);
searchRoutes.route("/", sqlRoutes);
searchRoutes.route("/", exportRoutes);
searchRoutes.route("/", queryRoutes);
searchRoutes.route("/", lookupRoutes);
