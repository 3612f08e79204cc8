/// Why a connection could not be secured, or did not stay so: plain numbers, worded on demand.
package enum TLSFault: Error, Hashable, Sendable, BitwiseCopyable {
  case expiredCertificate
  case certificateNotYetValid
  /// The chain ends in no authority that we trust.
  case unknownIssuer
  /// The server's own certificate, or the root that it sends, is signed by itself and not trusted.
  case selfSignedCertificate
  /// The certificate is for another name or address.
  case wrongName
  /// Any other reason not to accept a certificate: a number of `X509_V_ERR_…`.
  case unacceptableCertificate(reason: Int32)
  /// The peer ended the session with this alert (RFC 8446 §6).
  case alert(UInt8)
  /// What the peer sends is no TLS.
  case notTLS
  /// The peer chose a version that we do not allow.
  case noCommonVersion
  /// The stream ended before the handshake did.
  case endedInHandshake
  /// The peer makes us answer, and does not read the answers.
  case flooded
  /// Any other reason: OpenSSL's packed error code, 0 where it gave none.
  case other(code: UInt32)
}
