import { generateHydrationScript, renderToString } from "solid-js/web";
import { Root } from "./root";

export const render = () => ({ head: generateHydrationScript(), body: renderToString(() => <Root />) });
