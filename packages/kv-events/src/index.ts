export { type DecodedBatch, type DecodeOptions, decodeBatch } from './decode-batch.ts'
export { type Encoding, encodeBatch, type HashForm } from './encode-batch.ts'
export {
  type LiveMessage,
  liveFrames,
  parseLive,
  parseReplayed,
  parseReplayRequest,
  type ReplayedMessage,
  replayEnd,
  replayFrames,
  replayRequest,
} from './frames.ts'
export { type ClearedEvent, type KvEvent, type KvEventBatch, type KvEventError, limits, type RemovedEvent, type StoredEvent } from './kv-event.ts'
export { type MissingRange, SequenceTracker, type Sighting } from './sequence-tracker.ts'
export { type EventTopic, parseTopic, topicOf } from './topic.ts'
