// What every case sends: a small object, about 250 bytes as JSON.

export interface Order {
  readonly n: number;
  readonly type: string;
  readonly at: number;
  readonly customer: { readonly id: string; readonly name: string; readonly city: string };
  readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly cents: number }[];
  readonly express: boolean;
}

export const orderOf = (n: number): Order => ({
  n,
  type: "order.created",
  at: 1_760_000_000_000 + n,
  customer: { id: `customer-${100_000 + (n % 9_000)}`, name: "Ada Lovelace", city: "London" },
  lines: [
    { sku: `tea-${1_000 + (n % 900)}`, quantity: 2, cents: 1_250 },
    { sku: `cup-${1_000 + (n % 700)}`, quantity: 1, cents: 830 },
  ],
  express: n % 2 === 0,
});

export const orders = (count: number): Order[] => Array.from({ length: count }, (_, n) => orderOf(n));

/** The orders in batches of `size`. */
export const batchesOf = (count: number, size: number): Order[][] => inBatches(orders(count), size);

export const inBatches = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
