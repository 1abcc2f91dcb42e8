import { hydrate, unmount } from "svelte";
import { prepare } from "./flood";
import Root from "./Root.svelte";
import { saves } from "./saves";

prepare(saves);
const root = hydrate(Root, { target: document.querySelector("#app") as Element });
window.unmount = () => void unmount(root);
