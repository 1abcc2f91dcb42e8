// A file to try: orders, one JSON object a line.

const ITEMS = ["green tea", "espresso beans", "oat biscuits", "lemon cake", "sparkling water", "dark chocolate"];
const CITIES = ["Lisbon", "Oslo", "Turin", "Ghent", "Kraków", "Graz", "Malmö", "Porto"];

export function sampleFile(lines: number): File {
  const text = Array.from({ length: lines }, (_, i) =>
    JSON.stringify({
      order: i + 1,
      item: ITEMS[i % ITEMS.length],
      quantity: 1 + ((i * 7) % 12),
      city: CITIES[(i * 5) % CITIES.length],
    }),
  ).join("\n");
  return new File([`${text}\n`], "sample-orders.jsonl", { type: "application/jsonl" });
}
