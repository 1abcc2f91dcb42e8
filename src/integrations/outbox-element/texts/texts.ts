// What the outbox element says, all of it. Replace any of it, or bring another language: the rules of counting, numbers and
// times are those of `lang`.

import type { Text } from "../../elements/speech.js";

/** Every sentence of the outbox element. Places that one has stand in its description. */
export interface OutboxTexts {
  /** BCP 47: whose plurals, numbers and times these are. */
  readonly lang: string;
  /** Name of the whole, for assistive technology. */
  readonly title: Text;
  /** Before anything is known. */
  readonly loading: Text;
  /** `{reason}` */
  readonly unreadable: Text;
  /** What comes here, where nothing waits, failed, or was sent: beside what the summary says of that. */
  readonly empty: Text;
  /** `{sent}` of `{count}` */
  readonly progress: Text;
  /** `{count}`: all that waited is sent. */
  readonly allSent: Text;
  /** Nothing waits, and nothing has waited yet. */
  readonly nothingWaits: Text;
  /** The network is gone, and nobody knows since when. */
  readonly offline: Text;
  /** `{time}` */
  readonly offlineSince: Text;
  /** Told when the network is back. */
  readonly online: Text;
  /** Heading of what was given up: `{count}` */
  readonly failed: Text;
  /** Heading of what waits: `{count}` */
  readonly waiting: Text;
  /** Heading of what was sent. */
  readonly sent: Text;
  /** `{count}` */
  readonly more: Text;
  /** It is on its way. */
  readonly sending: Text;
  /** Another one of its group comes first. */
  readonly behind: Text;
  /** Nothing keeps it back. */
  readonly next: Text;
  /** The browser is offline. */
  readonly forNetwork: Text;
  /** `{when}`, like "in 12 seconds". */
  readonly again: Text;
  /** Its last attempt reached nobody. */
  readonly unreached: Text;
  /** `{time}`: of one that was sent. */
  readonly sentAt: Text;
  /** What is known of one that was encrypted, and is not what it was. */
  readonly damaged: Text;
  /** Why it failed: it has waited for too long. */
  readonly expired: Text;
  /** Why it failed, 400 or 422: `{status}` */
  readonly notAccepted: Text;
  /** 401, 403 or 407: `{status}` */
  readonly notAllowed: Text;
  /** 404 or 410: `{status}` */
  readonly notThere: Text;
  /** 409 or 412: `{status}` */
  readonly conflict: Text;
  /** 413: `{status}` */
  readonly tooLarge: Text;
  /** 429: `{status}` */
  readonly busy: Text;
  /** 408 or 5xx: `{status}` */
  readonly serverFault: Text;
  /** It was redirected, perhaps to a login page. */
  readonly elsewhere: Text;
  /** Any other: `{status}` */
  readonly refused: Text;
  /** Button. */
  readonly retry: Text;
  /** Button. */
  readonly retryAll: Text;
  /** Button, and the heading of the dialog. */
  readonly edit: Text;
  /** Button. */
  readonly discard: Text;
  /** Name of a button for assistive technology: `{act}`, one of the above, and the `{title}` of what it is done to. */
  readonly named: Text;
  /** Question before it is done. */
  readonly reallyDiscard: Text;
  /** The same of one that is on its way. */
  readonly reallyDiscardSending: Text;
  /** Answer to the question. */
  readonly keep: Text;
  /** Button. */
  readonly save: Text;
  /** Button. */
  readonly cancel: Text;
  /** What came of it: `{title}` */
  readonly retried: Text;
  /** `{title}` */
  readonly discarded: Text;
  /** `{title}` */
  readonly edited: Text;
  /** It was sent before it could be changed, or discarded: `{title}` */
  readonly alreadySent: Text;
  /** It is on its way, and was not changed: `{title}` */
  readonly beingSent: Text;
  /** It is somewhere else by now, and was not changed: `{title}` */
  readonly changedMeanwhile: Text;
  /** `{reason}` */
  readonly actFailed: Text;
  /** Told politely: `{count}` */
  readonly toldSent: Text;
  /** Told politely: `{count}` */
  readonly toldFailed: Text;
}
