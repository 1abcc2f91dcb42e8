// The brokers that bridges are tested against: found where they are said to be, and what is missing is said in one sentence.

import { expect, test } from "vitest";
import { BrokerMissing, ensureBroker, findBroker } from "../../bridge/find-brokers.mjs";

test("the environment names one, and a typing error in that is no other one", () => {
  expect(findBroker("nats-server", { ORIGINMQ_NATS_SERVER: process.execPath })).toBe(process.execPath);
  const missing = { ORIGINMQ_NATS_SERVER: "/nowhere/nats-server" };
  expect(() => findBroker("nats-server", missing)).toThrow(BrokerMissing);
  expect(() => ensureBroker("nats-server", missing)).toThrow(
    'ORIGINMQ_NATS_SERVER is "/nowhere/nats-server", which is not an executable file.',
  );
});

test("where there is none and none may be installed, one sentence says what to do", () => {
  const none = "a-broker-that-nobody-has" as "mosquitto";
  expect(findBroker(none, {})).toBeUndefined();
  expect(() => ensureBroker(none, { ORIGINMQ_INSTALL_BROKER: "0" })).toThrow(
    /^No a-broker-that-nobody-has found and ORIGINMQ_INSTALL_BROKER=0 forbids installing one: install .*\.$/,
  );
});
