// How much of everything there may be. A number that bounds a resource of a queue stands here and nowhere else, its unit
// last in its name, with what it bounds and why it is so much: docs/limits.md is this file as a table, and a test compares
// them. An integration's own bounds stand with it.

/** Messages in one request, hand-out or list: more would hold up everybody else. */
export const REQUEST_MESSAGES_MAX = 100_000;
/** Estimated bytes of the bodies in one request, unless one command alone has more: they are in memory at both ends. */
export const REQUEST_BYTES_MAX = 32 * 1024 * 1024;
/** Numbers that name messages in stretches of first and count: as many as if each stood alone. */
export const RANGES_MAX = 2 * REQUEST_MESSAGES_MAX;
/** Queues that one transaction sends to: each is looked at before anything of it is done. */
export const TRANSACTION_SENDS_MAX = 1_000;

/** Bytes of one hand-out, by estimate: a thousand large bodies must not travel as one message. One message always may. */
export const HAND_OUT_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes of one answer to `peek` and `dead-letters`, by estimate: who wants more asks on. */
export const PAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Messages that one client holds: what it names to the next host is one request. */
export const HOLDINGS_MESSAGES_MAX = REQUEST_MESSAGES_MAX;
/** Bytes of what one client holds, by estimate: all of it is in its memory. */
export const HOLDINGS_BYTES_MAX = 256 * 1024 * 1024;
/** Length of the texts of one column together: half of what the shortest engine's string may hold. */
export const COLUMN_TEXT_MAX = 2 ** 28;
/** Length of the texts of a column of which a part may be kept instead of a copy, and all of it with that. */
export const COLUMN_PINNED_MAX = 1024 * 1024;
/** Consumers of one client, and waiting calls: each is looked at in every turn of its queue. */
export const ASKERS_PER_CLIENT_MAX = 10_000;
/** Watchers of statistics that one client has: each is computed for again and again. */
export const WATCHERS_PER_CLIENT_MAX = 1_000;
/** Queues, and clients, that one inspection shows: each is computed for while nothing else is done. */
export const INSPECTED_MAX = 500;
/** Commits of the journal that are shown at once: enough to see what happened last. */
export const JOURNAL_COMMITS_MAX = 1_000;
/** Bytes of them, by estimate: more would be too large an answer. */
export const JOURNAL_BYTES_MAX = 4 * 1024 * 1024;
/** Length of what a client calls itself: a title. */
export const LABEL_MAX = 256;
/** Ports on which nobody has said hello yet, on a server `maxConnections` if that is more; beyond it, the longest silent is closed. */
export const SILENT_PORTS_MAX = 1_000;
/** How long a port may be silent: several times as long as a client waits for the answer to its hello. */
export const SILENT_PORT_MS_MAX = 60_000;
/** How long a port stays open for the last words of a page that has gone: its lock may be free before they arrive. */
export const LAST_WORDS_MS_MAX = 10_000;

/** Bytes of one message on a socket, unless the server says otherwise: both ends have it in memory, twice for a moment. */
export const SOCKET_MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes of one message that a client takes from a server, or twice what the server takes if that is more: a server is trusted with more. */
export const SOCKET_TAKEN_BYTES_MAX = 256 * 1024 * 1024;
/** Bytes that wait on one socket for a peer that does not read; beyond it, the socket is closed. */
export const SOCKET_BUFFERED_BYTES_MAX = 128 * 1024 * 1024;
/** Bytes of the first message on a socket: nobody is known yet, and a token and what is said around it fit into one frame. */
export const GREETING_BYTES_MAX = 64 * 1024;
/** Length of a token that a client of a server gives: it is in the greeting. */
export const TOKEN_MAX = 16_384;
/** Length of the name under which a server knows a client: it stands before every id of it. */
export const IDENTITY_MAX = 128;
/** Connections of one server, unless it says otherwise; and as many that have not said who they are. */
export const CONNECTIONS_MAX = 10_000;
/** Bytes that one server holds of what has arrived and is not answered, and of what waits on sockets, unless it says otherwise. */
export const BYTES_IN_FLIGHT_MAX = 1024 * 1024 * 1024;
/** The same of one client of a server, unless it says otherwise: four requests under way, each as large as a message may be. */
export const CLIENT_BYTES_IN_FLIGHT_MAX = 256 * 1024 * 1024;
/** Bytes that a request under way counts for besides its own: what it costs to remember who waits for an answer. */
export const REQUEST_OVERHEAD_BYTES = 1024;
/** Requests a second of one client of a server, unless it says otherwise: more than one connection asks by itself. */
export const CLIENT_REQUESTS_PER_SECOND = 10_000;
/** Queues of one database on a server, unless it says otherwise: all are in memory. */
export const QUEUES_PER_DATABASE_MAX = 10_000;
/** Consumers of one database on a server, unless it says otherwise: those of a queue are looked at in each of its turns. */
export const CONSUMERS_PER_DATABASE_MAX = 100_000;
/** Clients of one identity that a database remembers although they are gone; beyond it, the longest unheard is forgotten. */
export const REMEMBERED_CLIENTS_MAX = 20_000;
/** How long a database of a server stays open that nobody uses, unless it says otherwise. */
export const DATABASE_IDLE_MS = 300_000;

/** Length of a queue's name: it stands in every record about it. */
export const QUEUE_NAME_MAX = 256;
/** Length of a topic's name: with a subscription's and a "/" it makes the name of a queue. */
export const TOPIC_NAME_MAX = 127;
/** Length of a subscription's name. */
export const SUBSCRIPTION_NAME_MAX = 128;
/** Length of an id: of a message, a hand-out, a client, a waiter, a schedule. */
export const ID_MAX = 256;
/** Length of a `deduplicationId`, which is kept in memory for its window. */
export const DEDUPLICATION_ID_MAX = 256;
/** Length of a `groupId`, which is kept in memory while anything of its group waits. */
export const GROUP_ID_MAX = 256;
/** Length of a cron expression and of a time zone's name. */
export const CRON_MAX = 256;
/** Length of the reason or the message of a failure, which is kept in memory with a dead letter. */
export const REASON_MAX = 10_000;
/** Length of the name of a failure. */
export const FAILURE_NAME_MAX = 1_000;
/** The names and texts of one message's headers together: they are stored and handed out as they are, with every message. */
export const HEADERS_BYTES_MAX = 64 * 1024;
/** Headers that a subscription's filter names: all are compared with each message that is published. */
export const FILTER_HEADERS_MAX = 100;
/** Texts that a filter compares one header with. */
export const FILTER_TEXTS_MAX = 1_000;
/** Length of a text that a filter compares with. */
export const FILTER_TEXT_MAX = 10_000;

/** What a count that is stored may be: more is nobody's wish, a typing error is likelier. */
export const COUNT_MAX = 1_000_000_000;
/** Attempts of a message. */
export const DELIVERIES_MAX = 1_000;
/** A time that a timer counts: the longest that timers of the platform have. */
export const DURATION_MS_MAX = 2 ** 31 - 1;
/** Between two ticks of a schedule, at least: each is a commit. */
export const EVERY_MS_MIN = 100;
/** A time between two instants, 100 years: what is due then is looked up, no timer waits for it. */
export const SPAN_MS_MAX = 36_525 * 86_400_000;

/** Bytes of the bodies of one stored batch, by estimate; a larger body stands alone. A batch is read and rewritten as a whole. */
export const BATCH_BYTES_MAX = 128 * 1024;
/** The same of what was sealed together, which nothing compresses: of values larger than 64 KiB Chromium makes files. */
export const SHARED_BATCH_BYTES_MAX = 63 * 1024;
/** Messages of one stored batch, however small. */
export const BATCH_COUNT_MAX = 4_096;
/** Messages that are sealed together: what one of them still needs, all of them take. */
export const SHARERS_MAX = 64;
/** Bytes of what is sealed together, as it is sealed: one of these messages that goes on alone takes all of it along. */
export const SHARED_BYTES_MAX = 16 * 1024;
/** Length of the text of a message that is sealed together with others: to seal a larger one costs little more than its bytes. */
export const SHARED_TEXT_MAX = 2 * 1024;
/** Bytes of the bodies that a host keeps in memory, by estimate: those just sent and just read; half as much more of those read ahead. The others are on the disk. */
export const CACHE_BYTES_MAX = 8 * 1024 * 1024;
/** Bytes that one rewrite of batches with few live messages reads: turns wait for it. */
export const REWRITE_BYTES_MAX = 2 * 1024 * 1024;
/** Bytes of the bodies of one record, by estimate, unless one command alone has more: what came behind it is the next one's. */
export const RECORD_BYTES_MAX = 64 * 1024 * 1024;
/** Entries of one piece of a checkpoint: a host reads and writes one at a time, and turns run between them. */
export const CHUNK_ENTRIES_MAX = 4_096;
/** Length of the texts of one piece together, unless one thing alone has more: a dead letter keeps why it died. */
export const CHUNK_TEXT_MAX = 1024 * 1024;
/** Answers to the requests of one client that wait for it. */
export const REPLIES_MAX = 10_000;
/** Single sends of a turn in one command; what comes then goes into the next. */
export const SEND_MESSAGES_MAX = 2_000;
/** Requests of one client under way at once. What comes meanwhile is gathered, as the host gathers while it commits. */
export const REQUESTS_MAX = 4;
/** Schedules of one queue: each is looked at whenever the next tick is due. */
export const SCHEDULES_MAX = 1_000;
/** Ticks that nobody sent in time and that are sent later, the last ones of them. */
export const CATCH_UP_MAX = 1_000;
/** Bytes kept on the disk to be given up when it is full, so that a full queue can be drained. */
export const RESERVE_BYTES = 1024 * 1024;
/** Bytes that bodies leave free on the disk of a file of SQLite: its log of 4,000 pages, and as much again to move it into the database. */
export const FREE_BYTES_MIN = 32 * 1024 * 1024;
/** Bytes of a row in SQLite, of those that a Durable Object takes 2 MB: what is larger lies in several. */
export const ROW_BYTES_MAX = 1_900_000;
/** How deep a value may be nested that is written as bytes: each level takes several frames of the stack, of which there are a few thousand. */
export const DEPTH_MAX = 1_000;
/** Channels that a host remembers to have linked to lately: a repeated request is one request. */
export const LINKED_MAX = 100;
/** Length of a database's name. */
export const DATABASE_NAME_MAX = 256;
/** Stretches of places that are remembered. */
export const LEFT_PLACES_MAX = 1_000;
