import { hydrate } from "solid-js/web";
import { prepare } from "./flood";
import { Root } from "./root";

prepare();
window.unmount = hydrate(() => <Root />, document.querySelector("#app") as Element);
