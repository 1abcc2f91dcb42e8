import { connection } from "next/server";
import { ordersByKey } from "../lib/stored";
import { Desk } from "./desk";

export default async function Page() {
  // Rendered with each request, and not once when it is built.
  await connection();
  return (
    <main>
      <h1>Orders that arrive</h1>
      <Desk />
      <h2>At the server ({ordersByKey.size})</h2>
      <ul id="stored">
        {[...ordersByKey].map(([key, { what }]) => (
          <li key={key}>{what}</li>
        ))}
      </ul>
    </main>
  );
}
