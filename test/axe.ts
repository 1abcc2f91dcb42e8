import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/**
 * What axe finds in a page, each with where, once its figures stand still: one that fades in has less contrast than it
 * will have.
 */
export async function axeFindings(
  page: Page,
  { within, inOneFrame = false }: { within?: string; inOneFrame?: boolean } = {},
): Promise<string[]> {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.evaluate(async () => {
    const shadows = Array.from(document.querySelectorAll("*"), ({ shadowRoot }) => shadowRoot ?? []).flat();
    const running = [document, ...shadows].flatMap((root) => root.getAnimations());
    await Promise.allSettled(running.map(({ finished }) => finished));
    const isFading = () => shadows.some((root) => root.querySelector("[style*=opacity]") !== null);
    while (isFading()) await new Promise(requestAnimationFrame);
  });
  const builder = new AxeBuilder({ page }).setLegacyMode(inOneFrame);
  const { violations } = await (within ? builder.include(within) : builder).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
