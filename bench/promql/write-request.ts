import type { PagePart } from './pages.ts'

/** Bytes of a sample in a message: tags and length, eight bytes of value, six of a time between 1970 + 1 and + 139 years. */
const SAMPLE_BYTES = 18

/**
 * Messages of remote write 1.0 in one block each of snappy, uncompressed: the format has literals, and the time of a compressor is nobody's.
 * SOURCE: prometheus prompb/remote.proto (WriteRequest), google/snappy format_description.txt.
 */
export function writeRequest(parts: readonly PagePart[]): Buffer<ArrayBuffer> {
  const pieces: Buffer[] = []
  let length = 0
  for (const { timestampsMs, series } of parts) {
    for (const { labels, values } of series) {
      const labelBytes = Buffer.concat(labels.names.map((name, i) => message(1, Buffer.concat([text(1, name), text(2, labels.values[i] as string)]))))
      const samples = Buffer.allocUnsafe(values.length * SAMPLE_BYTES)
      for (let i = 0; i < values.length; i++) writeSample(samples, i * SAMPLE_BYTES, values[i] as number, timestampsMs[i] as number)
      const head = Buffer.from([0x0a, ...varint(labelBytes.length + samples.length)])
      pieces.push(head, labelBytes, samples)
      length += head.length + labelBytes.length + samples.length
    }
  }
  // 63: a literal whose length less one follows in four bytes.
  const literal = Buffer.alloc(5, 63 << 2)
  literal.writeUInt32LE(length - 1, 1)
  return Buffer.concat([Buffer.from(varint(length)), literal, ...pieces])
}

function writeSample(out: Buffer, at: number, value: number, timestampMs: number): void {
  out[at] = 0x12
  out[at + 1] = SAMPLE_BYTES - 2
  out[at + 2] = 0x09
  out.writeDoubleLE(value, at + 3)
  out[at + 11] = 0x10
  let rest = timestampMs
  for (let i = 12; i < SAMPLE_BYTES; i++) {
    out[at + i] = (rest % 128) | (i < SAMPLE_BYTES - 1 ? 128 : 0)
    rest = Math.floor(rest / 128)
  }
}

function text(field: number, value: string): Buffer {
  return message(field, Buffer.from(value))
}

function message(field: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(content.length)]), content])
}

function varint(value: number): number[] {
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  bytes.push(value)
  return bytes
}
