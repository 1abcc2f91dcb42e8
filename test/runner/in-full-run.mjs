// A full run of the tests has less than half an hour: what is tried in every engine when its part is named (`npm test -- PART`)
// is tried in Chromium then, and what differs from others by little is left to its part.

export const isInFullRun = process.env.ORIGINMQ_FULL_RUN === "1";
