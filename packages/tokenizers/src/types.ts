/** One part of a message: text, or an image named by a text that identifies it. */
export type MessagePart = { readonly type: 'text'; readonly text: string } | { readonly type: 'image'; readonly url: string }

export interface ChatMessage {
  readonly role: string
  readonly parts: readonly MessagePart[]
}

/** A conversation and the tools that it may call. */
export interface ChatPrompt {
  readonly messages: readonly ChatMessage[]
  /** The JSON of the request's `tools`, as sent. */
  readonly tools?: string
}

export type TokenizerId = 'pieces' | 'bytes' | 'gpt-oss'

/**
 * Text to tokens and back. Pure functions of their arguments: equal texts give equal tokens, whatever was encoded before.
 * Surrogates without their other half become U+FFFD; of every other text, `decode(encode(text))` is the text.
 */
export interface Tokenizer {
  readonly id: TokenizerId
  encode(text: string): Uint32Array
  /**
   * The text of a run of tokens. A character whose last bytes are missing at the end of the run is left out, so that the text of
   * the first tokens of a run begins the text of more of them. A number that is no token has no text.
   */
  decode(tokens: ArrayLike<number>): string
  /** Gives the text token by token, in time that does not grow with the run: for answers that are streamed. */
  decoder(): TokenDecoder
  /**
   * A conversation through the tokenizer's chat template, up to where the text of the assistant's answer begins. A conversation
   * that goes on with the encoded answer as the assistant's message begins with the same tokens, the answer's included.
   */
  encodeChat(prompt: ChatPrompt): Uint32Array
}

/** The text of tokens that come one by one; all that was answered together is `decode` of all tokens so far. */
export interface TokenDecoder {
  /** The text that this token completes; empty while a character is short of bytes. */
  push(token: number): string
}
