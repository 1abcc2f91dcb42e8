import "@angular/compiler";
import { mergeApplicationConfig } from "@angular/core";
import { type BootstrapContext, bootstrapApplication } from "@angular/platform-browser";
import { provideServerRendering, renderApplication } from "@angular/platform-server";
import { config, Root } from "./root";

const onServer = mergeApplicationConfig(config, { providers: [provideServerRendering()] });

/** Angular renders into a whole document. */
export const render = async (document: string) => ({
  document: await renderApplication((context: BootstrapContext) => bootstrapApplication(Root, onServer, context), {
    document,
  }),
});
