"use client";

import { openQueue } from "originmq";
import { createQueueStore, useStats } from "originmq/react";
import { useEffect } from "react";
import { start } from "../tab.js";

const orders = createQueueStore(() => openQueue("orders"));

export default function Page() {
  const { status, ready } = useStats(orders);
  useEffect(() => {
    start();
  }, []);
  return (
    <p>
      {status}: {ready} waiting
    </p>
  );
}
