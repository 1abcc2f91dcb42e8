// An error that has crossed a link as data.

import type { OutcomeFailed } from "../../core/log/journal.js";
import { type ErrorDetail, QueueError } from "../../core/spec/errors.js";

export const errorOf = ({ code, message, detail }: OutcomeFailed): QueueError =>
  new QueueError(code, message, detail === undefined ? undefined : { detail: detail as ErrorDetail });
