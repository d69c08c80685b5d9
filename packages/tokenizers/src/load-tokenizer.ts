import { unreachable } from '@signalbox/base'
import { bytesTokenizer } from './bytes.ts'
import { gptOssTokenizer } from './gpt-oss.ts'
import { piecesTokenizer } from './pieces.ts'
import type { Tokenizer, TokenizerId } from './types.ts'

export const tokenizerIds: readonly TokenizerId[] = ['pieces', 'bytes', 'gpt-oss']

/** A tokenizer by name. `gpt-oss` reads its vocabulary on every call (0.1 s, 60 MB): keep what is answered. */
export async function loadTokenizer(id: TokenizerId): Promise<Tokenizer> {
  switch (id) {
    case 'pieces':
      return piecesTokenizer()
    case 'bytes':
      return bytesTokenizer()
    case 'gpt-oss':
      return await gptOssTokenizer()
    default:
      return unreachable(id)
  }
}
