// Numbers, times and bodies as people read them.

export {
  bytes,
  count,
  duration,
  plural,
  shortCount,
  shortId,
} from "../src/integrations/elements/format.js";
export { preview } from "../src/integrations/elements/text-of.js";
