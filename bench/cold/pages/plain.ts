// A page that opens nothing.

import { orderOf } from "../../pages/message.js";

document.title = `${document.title} ${orderOf(0).n}`;
