import { hydrate } from "solid-js/web";
import { prepare } from "./flood";
import { Root } from "./root";
import { saves } from "./saves";

prepare(saves);
window.unmount = hydrate(() => <Root />, document.querySelector("#app") as Element);
