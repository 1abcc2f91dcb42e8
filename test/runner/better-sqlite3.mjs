// Preloaded into Node: `better-sqlite3`, which this package does not depend on, is the one that ORIGINMQ_BETTER_SQLITE3 names.

import { register } from "node:module";

const { ORIGINMQ_BETTER_SQLITE3 } = process.env;
const hooks = `export const resolve = (specifier, context, next) =>
  specifier === "better-sqlite3" ? { url: ${JSON.stringify(ORIGINMQ_BETTER_SQLITE3)}, shortCircuit: true } : next(specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
