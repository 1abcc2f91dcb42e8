// Numbers, times and bodies as people read them.

export {
  bytes,
  count,
  duration,
  plural,
  preview,
  shortCount,
  shortId,
} from "../src/integrations/elements/format.js";
