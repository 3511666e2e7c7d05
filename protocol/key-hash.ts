const OFFSET_BASIS = 0x811c9dc5
const PRIME = 0x01000193

const encoder = new TextEncoder()

/**
 * The 32-bit hash that a KEY request carries: FNV-1a over the key's UTF-8 bytes
 * (RFC 9923, and http://www.isthe.com/chongo/tech/comp/fnv/).
 */
export function keyHash(key: string): number {
  let hash = OFFSET_BASIS
  for (const byte of encoder.encode(key)) hash = Math.imul(hash ^ byte, PRIME)
  return hash >>> 0
}
