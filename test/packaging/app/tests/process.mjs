// A program that uses a queue in memory, says how that went, and ends.
import { connect } from "originmq";

const connection = await connect({ storage: "memory" });
const queue = await connection.openQueue("orders");
const seen = [];
queue.consume(({ body }) => {
  seen.push(body.at.getTime());
});
await queue.send({ at: new Date(7) });
await queue.whenIdle();
const { kind } = connection.host;
await connection.close();
console.log(JSON.stringify({ kind, seen, closedAt: Date.now() }));
