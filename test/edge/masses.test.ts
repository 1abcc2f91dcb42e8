// Many clients that come back at once after their server's end. A thousand: `masses.long.test.ts`.

import { expect, test } from "vitest";
import { returnAtOnce, toldOf } from "./crowd.js";
import { hasServer } from "./server-process.js";

test.skipIf(!hasServer).each([100])("%i clients that come back at once keep what they hold", async (clients) => {
  const returned = await returnAtOnce(clients);
  console.log(toldOf(returned));
  expect(returned).toMatchObject({ held: clients, acked: clients, deliveries: clients });
});
