// What survives: a reload, and the end of the browser.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { expect, handledBy, openTab, tabOf, test, upTo, watch } from "./demo.js";

const orders = (bodies: readonly unknown[]) => bodies.map((body) => (body as { order: number }).order);

test("a reload keeps the messages, and the tab's name", async ({ context }) => {
  const before = await openTab(context);
  await before.press("Send 1,000");
  await before.press("Send one");
  await before.shows({ ready: 1_001 });
  await before.page.reload();

  const after = await tabOf(before.page);
  expect(after.name).toBe(before.name);
  await after.shows({ ready: 1_001 });
  await after.slide("Time per message", 0);
  await after.as("Consume");
  await after.shows({ ready: 0, done: 1_001 });
  expect(orders(handledBy(await after.log()).map(({ body }) => body)).sort((a, b) => a - b)).toEqual(upTo(1_001));
});

test("closing the browser and starting it again keeps the messages", async ({ baseURL }) => {
  const profile = await mkdtemp(join(tmpdir(), "originmq-e2e-"));
  const start = async () => {
    const context = await chromium.launchPersistentContext(profile, {
      ...browserLaunchOptions(),
      acceptDownloads: true,
    });
    return { context, complaints: watch(context) };
  };
  try {
    const first = await start();
    const before = await openTab(first.context, baseURL);
    await before.press("Send 1,000");
    await before.page.getByLabel("Delay").selectOption("60000");
    await before.press("Send one");
    await before.shows({ ready: 1_000, delayed: 1 });
    const term = await before.page.getByTestId("host").textContent();
    await first.context.close();

    const second = await start();
    const after = await openTab(second.context, baseURL);
    await after.shows({ ready: 1_000, delayed: 1 });
    expect(await after.page.getByTestId("host").textContent()).not.toBe(term);
    await after.slide("Time per message", 0);
    await after.as("Consume");
    await after.shows({ ready: 0, delayed: 1, done: 1_000 });
    expect(orders(handledBy(await after.log()).map(({ body }) => body))).toEqual(upTo(1_000));
    await second.context.close();
    expect([...first.complaints, ...second.complaints]).toEqual([]);
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
});
