// Topics and filters of subscriptions; MQTT 5.0, section 4.7.

/** Whether a filter has the topic: `+` stands for one level, `#` for all that follow, and neither for a first one that begins with `$`. */
export function isTopicOf(topic: string, filter: string): boolean {
  const levels = topic.split("/");
  const wanted = filter.split("/");
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === "#") return true;
    if (levels[i] === undefined || (wanted[i] !== "+" && wanted[i] !== levels[i])) return false;
  }
  return levels.length === wanted.length;
}

/** Whether one may subscribe to it: `+` stands alone in its level, and `#` alone in the last. */
export function isFilter(text: string): boolean {
  const levels = text.split("/");
  return levels.every((level, i) => level === "+" || (level === "#" && i === levels.length - 1) || !/[+#]/.test(level));
}
