import type { Order } from "../../../lib/orders";
import { ordersByKey } from "../../../lib/stored";

export async function POST(request: Request): Promise<Response> {
  const key = request.headers.get("idempotency-key");
  if (!key) return Response.json({ error: "Idempotency-Key is missing" }, { status: 400 });
  ordersByKey.set(key, (await request.json()) as Order);
  return Response.json({}, { status: 201 });
}
