const OFFSET_BASIS = 0x811c9dc5
const PRIME = 0x01000193

const encoder = new TextEncoder()

/**
 * The 32-bit hash that a KEY request carries: FNV-1a over the key's UTF-8 bytes
 * (RFC 9923, and http://www.isthe.com/chongo/tech/comp/fnv/).
 */
export function keyHash(key: string): number {
  const bytes = encoder.encode(key)
  return bytesHash(bytes, 0, bytes.length)
}

/** The same over the bytes from `start` up to `end`. */
export function bytesHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = OFFSET_BASIS
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, PRIME)
  return hash >>> 0
}
