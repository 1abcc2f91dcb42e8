import { renderToString } from "@solidjs/web";
import { Root } from "./root";

export const render = () => renderToString(() => <Root />);
