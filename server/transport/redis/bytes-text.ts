/** Bytes as a text with a character for each, so that none is lost on the way there and back. */
export function bytesText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1")
}

/** The way back. */
export function textBytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1")
}
