// A module as the README writes one, which accepts its own edits.
import { openQueue } from "originmq";

const EDIT = "original";

const orders = await openQueue("orders");
orders.consume(({ body }) => window.handled.push(`${EDIT} ${body}`), { key: "orders" });

window.handled ??= [];
window.send = (bodies) => orders.sendBatch(bodies.map((body) => ({ body })));
document.title = EDIT;
import.meta.hot.accept();
