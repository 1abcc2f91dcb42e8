// Seeds that once found a defect, each with what it was. They run always, and stay for ever.

export const REGRESSION_SEEDS: readonly (readonly [seed: number, found: string])[] = [
  [4, "a host whose first turn met an ended lease could not start, nor could the next one"],
  [5, "a hello whose commit was refused ended its client for good"],
  [29, "a host that stood still was stolen from and then killed: its clients waited for it for ever"],
  [23, "the same, with two tabs"],
  [20, "a consumer that came back after its lease had ended was not told, and worked on"],
  [407, "a lease ended while its client, whose server had died, could still come back"],
  [172, "a lease ended between the hello of its client and the turn that took that in"],
  [591, "a better host that stood in line behind a lesser one waited for it for ever, and the consumers with it"],
  [705, "a host that woke up deposed took the next one's term for a sign of a deleted database"],
];
