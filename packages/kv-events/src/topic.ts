/** Whose events: the parts of `kv@<pod>@<model>`. */
export interface EventTopic {
  /** The engine's address, with or without port. No `@`. */
  readonly pod: string
  readonly model: string
}

const PREFIX = 'kv@'

export function topicOf({ pod, model }: EventTopic): string {
  return `${PREFIX}${pod}@${model}`
}

/** The parts; undefined where a producer names its topic otherwise. A model may hold `@`, a pod may not. */
export function parseTopic(topic: string): EventTopic | undefined {
  const end = topic.indexOf('@', PREFIX.length)
  if (!topic.startsWith(PREFIX) || end <= PREFIX.length || end === topic.length - 1) return undefined
  return { pod: topic.slice(PREFIX.length, end), model: topic.slice(end + 1) }
}
