// To the quorum queue "orders" of RabbitMQ, which remembers no ids: each message has its own as `messageId`, and who consumes
// the queue remembers the ids it has worked on.
//
//   RABBITMQ_URL    amqp://localhost

import { connect } from "amqplib";
import { forward, STORED, unknown } from "./forward.mjs";

const { RABBITMQ_URL = "amqp://localhost", RABBITMQ_QUEUE = "orders" } = process.env;
await forward({
  name: `the RabbitMQ queue "${RABBITMQ_QUEUE}"`,
  // `max_message_size` is 128 MiB by default; a queue is no place for that much.
  limits: { messageBytes: 16_000_000, callMessages: 1_000 },
  async open() {
    const connection = await connect(RABBITMQ_URL);
    connection.on("error", () => {}); // "close" comes after it.
    const ended = new Promise((end) => connection.on("close", (error) => end(error ?? new Error("it was closed"))));
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(RABBITMQ_QUEUE, { durable: true, arguments: { "x-queue-type": "quorum" } });
    /** @param {import("./forward.mjs").Message} message @returns {Promise<import("./forward.mjs").Outcome>} */
    const publish = ({ id: messageId, groupId, priority, sentAt, headers, text }) =>
      new Promise((resolve) => {
        const kept = {
          persistent: true,
          messageId,
          contentType: "application/json",
          timestamp: Math.floor(sentAt / 1_000),
        };
        const options = { ...kept, headers: { ...headers, "originmq-group": groupId, "originmq-priority": priority } };
        channel.sendToQueue(RABBITMQ_QUEUE, Buffer.from(text), options, (error) =>
          resolve(error ? unknown(error) : STORED),
        );
      });
    return {
      send: (messages) =>
        Promise.race([ended.then((error) => Promise.reject(error)), Promise.all(messages.map(publish))]),
      ended,
      close: () => connection.close(),
    };
  },
});
