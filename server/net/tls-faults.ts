/** What OpenSSL calls it, and what it is. */
const FAULTS = new Map([
  ["ECONNRESET", "it closed the connection"],
  ["WRONG_VERSION_NUMBER", "it does not speak TLS"],
  ["HTTP_REQUEST", "it speaks HTTP without TLS"],
  ["UNSUPPORTED_PROTOCOL", "its TLS is older than 1.2"],
  ["NO_SHARED_CIPHER", "it has no cipher in common"],
  ["PEER_DID_NOT_RETURN_A_CERTIFICATE", "it has no certificate"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "its certificate is self-signed"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "its authority is not trusted"],
  ["UNABLE_TO_GET_ISSUER_CERT", "its authority is not trusted"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "its authority is not trusted"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "its authority is not trusted"],
  ["CERT_SIGNATURE_FAILURE", "its authority is not trusted"],
  ["CERT_HAS_EXPIRED", "its certificate has ended"],
  ["CERT_NOT_YET_VALID", "its certificate is not valid yet"],
  ["INVALID_PURPOSE", "its certificate is for another purpose"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another name"],
  ["TLSV1_ALERT_UNKNOWN_CA", "it does not trust our certificate"],
  ["TLSV1_CERTIFICATE_REQUIRED", "it wants a certificate of ours"],
])

/** Why a handshake has failed, in words. */
export function handshakeFault(error: (Error & { readonly code?: string }) | null): string {
  if (error === null) return "the handshake failed"
  // error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER
  const name = /^error:[^]*:([A-Z0-9_]+)$/.exec(error.message)?.[1] ?? error.code ?? ""
  return FAULTS.get(name) ?? (name === "" || name === "EPROTO" ? error.message : name)
}
