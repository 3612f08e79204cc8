import COpenSSL

extension TLSFault: CustomStringConvertible {
  /// What went wrong, without subject: it stands behind "TLS: ".
  package var description: String {
    switch self {
    case .expiredCertificate: "the certificate has expired"
    case .certificateNotYetValid: "the certificate is not valid yet"
    case .unknownIssuer: "the certificate's issuer is unknown"
    case .selfSignedCertificate: "the certificate is self-signed"
    case .wrongName: "the certificate is for another name"
    case .unacceptableCertificate(let reason): "the certificate is not acceptable: \(Self.words(verification: reason))"
    case .alert(let number): "the peer sent the alert \(number) (\(Self.name(ofAlert: number)))"
    case .notTLS: "the peer does not speak TLS"
    case .noCommonVersion: "the peer speaks no version that is allowed"
    case .endedInHandshake: "the stream ended during the handshake"
    case .flooded: "the peer does not read the answers that it demands"
    case .other(let code): Self.words(code: code)
    }
  }

  private static func words(verification reason: Int32) -> String {
    String(cString: X509_verify_cert_error_string(Int(reason)))
  }

  private static func words(code: UInt32) -> String {
    guard let text = ERR_reason_error_string(UInt(code)) else { return "error \(code) of OpenSSL" }
    return String(cString: text)
  }

  /// The names of RFC 8446 §6 and, for older versions, of RFC 5246 §7.2, with blanks.
  private static func name(ofAlert number: UInt8) -> String {
    switch number {
    case 0: "close notify"
    case 10: "unexpected message"
    case 20: "bad record MAC"
    case 21: "decryption failed"
    case 22: "record overflow"
    case 30: "decompression failure"
    case 40: "handshake failure"
    case 41: "no certificate"
    case 42: "bad certificate"
    case 43: "unsupported certificate"
    case 44: "certificate revoked"
    case 45: "certificate expired"
    case 46: "certificate unknown"
    case 47: "illegal parameter"
    case 48: "unknown CA"
    case 49: "access denied"
    case 50: "decode error"
    case 51: "decrypt error"
    case 60: "export restriction"
    case 70: "protocol version"
    case 71: "insufficient security"
    case 80: "internal error"
    case 86: "inappropriate fallback"
    case 90: "user canceled"
    case 100: "no renegotiation"
    case 109: "missing extension"
    case 110: "unsupported extension"
    case 111: "certificate unobtainable"
    case 112: "unrecognized name"
    case 113: "bad certificate status response"
    case 114: "bad certificate hash value"
    case 115: "unknown PSK identity"
    case 116: "certificate required"
    case 120: "no application protocol"
    default: "unknown"
    }
  }
}
