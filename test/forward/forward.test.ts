// The examples in examples/forward: all of them compile against their clients; those for which there is a server forward.

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { FORWARD, forwardClients, nodeWithSqlite } from "../../scripts/runtimes.mjs";
import { ensureBroker, findBroker } from "../bridge/find-brokers.mjs";
import { freePort } from "../ports.js";
import { type Arrived, byGroup, firstOfEach, forwardAll, ofExamples } from "./forwarding.js";

forwardClients();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** With all that it starts, in a folder of its own. */
function startServer(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const cwd = mkdtempSync(join(tmpdir(), "originmq-forward-"));
  const child = spawn(command, args, {
    cwd,
    stdio: ["pipe", "ignore", "pipe"],
    env: { ...process.env, HOME: cwd, ...env },
    detached: true,
  });
  child.stderr?.resume();
  closing.push(async () => {
    const ended = child.exitCode === null && child.signalCode === null && once(child, "exit");
    try {
      process.kill(-(child.pid as number), "SIGKILL");
    } catch {
      // It has ended by itself, as the test has said.
    }
    await ended;
    rmSync(cwd, { recursive: true, force: true });
  });
  return child;
}

test("all of them are right by the types of their clients", () => {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript7/package.json")), "bin/tsc");
  const { stdout } = spawnSync(process.execPath, [tsc, "--noEmit", "-p", FORWARD], { encoding: "utf8" });
  expect(stdout).toBe("");
});

test("Kafka: each message is there with its id, its group as its key, and each group in order", async () => {
  const kcat = ensureBroker("kcat");
  // librdkafka, which kcat is made of, has a cluster for its own tests; it lives as long as the input is open.
  const args = ["-P", "-b", "none:1", "-t", "warm", "-X", "test.mock.num.brokers=2", "-d", "mock"];
  const cluster = startServer(kcat, args);
  const brokers = await new Promise<string>((resolve) => {
    createInterface({ input: cluster.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      const found = /bootstrap\.servers=(\S+)/.exec(line);
      if (found) resolve(found[1] as string);
    });
  });
  const sent = await forwardAll("kafka", 400, { KAFKA_BROKERS: brokers });
  // The cluster writes all the time, to be read here: nothing may block.
  const { stdout } = await promisify(execFile)(kcat, ["-C", "-b", brokers, "-t", "orders", "-e", "-q", "-J"]);
  const arrived = stdout
    .trim()
    .split("\n")
    .map((line): Arrived => {
      const { key, payload, headers } = JSON.parse(line);
      const byName = Object.fromEntries(
        headers.flatMap((name: string, i: number) => (i % 2 ? [] : [[name, headers[i + 1]]])),
      );
      expect(byName.shop).toBe("12");
      return { id: byName.id, groupId: key, place: JSON.parse(payload).place };
    });
  const first = firstOfEach(arrived);
  expect(new Set(first.map(({ id }) => id))).toEqual(new Set(sent.map(({ id }) => id)));
  expect(byGroup(first)).toEqual(byGroup(sent));
});

test("SQS: each message is in the FIFO queue once, though some were sent twice, and each group in order", async () => {
  const port = await freePort();
  const env = {
    AWS_ENDPOINT_URL_SQS: `http://127.0.0.1:${port}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "none",
    AWS_SECRET_ACCESS_KEY: "none",
  };
  const faux = join(FORWARD, "node_modules/fauxqs/dist/cli.js");
  startServer(nodeWithSqlite(), [faux], { FAUXQS_PORT: String(port) });
  Object.assign(process.env, env);
  const { SQSClient, CreateQueueCommand, ReceiveMessageCommand, DeleteMessageBatchCommand } =
    ofExamples("@aws-sdk/client-sqs");
  const sqs = new SQSClient({ maxAttempts: 10 });
  const created = await sqs.send(
    new CreateQueueCommand({ QueueName: "orders.fifo", Attributes: { FifoQueue: "true" } }),
  );
  // Its own host's name is known to nobody here.
  const QueueUrl = new URL(new URL(created.QueueUrl).pathname, env.AWS_ENDPOINT_URL_SQS).href;
  const sent = await forwardAll("sqs", 200, { ...env, SQS_QUEUE_URL: QueueUrl });
  const arrived: Arrived[] = [];
  while (arrived.length < sent.length) {
    const asked = { QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ["All"], WaitTimeSeconds: 1 };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(asked));
    if (Messages.length === 0) break;
    for (const { Body, Attributes } of Messages) {
      const groupId = decodeURIComponent(Attributes.MessageGroupId);
      arrived.push({ id: Attributes.MessageDeduplicationId, groupId, place: JSON.parse(Body).place });
    }
    const Entries = Messages.map(({ ReceiptHandle }: { ReceiptHandle: string }, i: number) => ({
      Id: `${i}`,
      ReceiptHandle,
    }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
  expect(arrived.map(({ id }) => id).sort()).toEqual(sent.map(({ id }) => id).sort());
  expect(byGroup(arrived)).toEqual(byGroup(sent));
});

// Twenty packages of Debian's: it is not installed for this.
const rabbit = findBroker("rabbitmq-server");

test.skipIf(!rabbit)(
  "RabbitMQ, where it is installed: each message is there with its id, each group in order",
  async () => {
    const [port, distribution, epmd] = [await freePort(), await freePort(), await freePort()];
    // Debian's own start changes the user; what it starts does not.
    const own = findBroker("rabbitmq-server", { PATH: "/usr/lib/rabbitmq/bin" });
    // What is no path lies in its folder.
    const env = {
      RABBITMQ_NODENAME: "originmq@localhost",
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distribution),
      ERL_EPMD_PORT: String(epmd),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      RABBITMQ_MNESIA_BASE: "data",
      RABBITMQ_LOG_BASE: "log",
      RABBITMQ_ENABLED_PLUGINS_FILE: "plugins",
      RABBITMQ_CONFIG_FILE: "rabbitmq",
      RABBITMQ_LOGS: "-",
    };
    // It outlives what has started it.
    closing.push(() => spawnSync("epmd", ["-port", String(epmd), "-kill"], { env: { ...process.env, ...env } }));
    startServer(own ?? (rabbit as string), [], env);
    const { connect } = ofExamples("amqplib");
    const url = `amqp://127.0.0.1:${port}`;
    await expect
      .poll(() =>
        connect(url)
          .then((connection: { close(): unknown }) => connection.close())
          .then(
            () => true,
            () => false,
          ),
      )
      .toBe(true);
    const sent = await forwardAll("rabbitmq", 400, { RABBITMQ_URL: url });
    const connection = await connect(url);
    const channel = await connection.createChannel();
    const arrived: Arrived[] = [];
    for (let message = await channel.get("orders"); message; message = await channel.get("orders")) {
      const { messageId, headers } = message.properties;
      expect(headers.shop).toBe("12");
      arrived.push({
        id: messageId,
        groupId: headers["originmq-group"],
        place: JSON.parse(String(message.content)).place,
      });
      channel.ack(message);
    }
    await connection.close();
    const first = firstOfEach(arrived);
    expect(new Set(first.map(({ id }) => id))).toEqual(new Set(sent.map(({ id }) => id)));
    expect(byGroup(first)).toEqual(byGroup(sent));
  },
);
