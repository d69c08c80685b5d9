import { Buffer } from 'node:buffer'
import { type Segment, segmentTokens } from '@signalbox/replay'

/**
 * 256 words of two to four letters. Each, with the space before it, is one token of OpenAI's o200k vocabulary, and of any
 * tokenizer that knows common English words whole; so a text has about as many tokens as the segments it stands for.
 */
const WORDS = (
  'the and for that with was this are you not have from but his they her she will one all has what out who get when make can like time just ' +
  'know take into year your good some them see than then now look only come over also back use two how our work well way even new want any give ' +
  'day most us man big cat dog red sun sea sky road rail line yard gate post lamp bell rope box gang crew city town hill lake farm mill port ' +
  'run runs goes went came keep kept hold held send sent wait stop turn pull call sees hear tell made show long slow fast full cold warm dark ' +
  'wide open shut safe late soon next last near far old calm bad low high top end side half part four five six ten nine zero week hour life ' +
  'hand head eyes face feet arm leg door room wall roof bed desk book page word name list form file code data test play game team club home ' +
  'land wind rain snow ice fire heat gas oil coal iron gold wood tree leaf root seed corn rice milk fish meat salt tea cup bag hat coat shoe ' +
  'ring key lock card note song film news mail king lord army war ship boat sail deck bus car van bike jet fuel tax bank cash loan debt fund ' +
  'sale shop deal job boss role unit core base site zone area east west left main true real free live love hope'
).split(' ')

/** The words with their spaces, 8 bytes each, the last being how many bytes that is. */
const SPELLED = spelled()

/** Most bytes of a word with its space. */
const wordBytesMax = 5

/** These segments as text: a word with a space before it for each token. Equal segments are equal text, shorter runs beginnings of longer ones. */
export function textOf(segments: readonly Segment[]): string {
  const tokens = segmentTokens(segments)
  const bytes = Buffer.allocUnsafe(tokens.length * wordBytesMax)
  let at = 0
  for (const token of tokens) {
    const word = (token >>> 24) * 8
    const end = word + (SPELLED[word + 7] as number)
    for (let from = word; from < end; from++) bytes[at++] = SPELLED[from] as number
  }
  return bytes.toString('latin1', 0, at)
}

function spelled(): Uint8Array {
  const table = new Uint8Array(256 * 8)
  WORDS.forEach((word, index) => {
    const bytes = Buffer.from(` ${word}`, 'latin1')
    table.set(bytes, index * 8)
    table[index * 8 + 7] = bytes.length
  })
  return table
}
