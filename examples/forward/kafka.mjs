// To the Kafka topic "orders". Kafka knows no ids of messages: each has its own as the header "id", and who reads the topic
// remembers the ids it has worked on. What has a group has that as its key, so that its partition keeps its order.
//
//   KAFKA_BROKERS   localhost:9092

import { Kafka, Partitioners } from "kafkajs";
import { forward, STORED } from "./forward.mjs";

const { KAFKA_BROKERS = "localhost:9092", KAFKA_TOPIC = "orders" } = process.env;
const kafka = new Kafka({ clientId: "originmq", brokers: KAFKA_BROKERS.split(","), retry: { retries: 2 } });
await forward({
  name: `the Kafka topic "${KAFKA_TOPIC}"`,
  // What one call brings to one partition is one batch there, of 1,048,588 bytes (`max.message.bytes`), headers included.
  limits: { messageBytes: 900_000, callBytes: 900_000, callMessages: 500 },
  async open() {
    const producer = kafka.producer({ maxInFlightRequests: 1, createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    return {
      async send(messages) {
        const sent = messages.map(({ id, groupId, headers, text: value }) => {
          return { key: groupId ?? id, value, headers: { ...headers, id, "content-type": "application/json" } };
        });
        // All in-sync replicas have it.
        await producer.send({ topic: KAFKA_TOPIC, acks: -1, messages: sent });
        return messages.map(() => STORED);
      },
      close: () => producer.disconnect(),
    };
  },
});
