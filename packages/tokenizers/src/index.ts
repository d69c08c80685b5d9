export { imageTokens } from './image-token.ts'
export { loadTokenizer, tokenizerIds } from './load-tokenizer.ts'
export type { ChatMessage, ChatPrompt, MessagePart, TokenDecoder, Tokenizer, TokenizerId } from './types.ts'
