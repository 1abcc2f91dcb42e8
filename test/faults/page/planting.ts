// A page that plants words in a database that is encrypted, and in one that is not.

import { connect } from "../../../src/index.js";
import { plant } from "../../unit/encryption/planting.js";

declare global {
  var plantWords: (set: "plain" | "encrypted") => Promise<void>;
}

globalThis.plantWords = async (set) => {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const connection = await connect({ database: set, ...(set === "encrypted" && { encryption: { key } }) });
  await plant(connection, set);
  await connection.close();
};
