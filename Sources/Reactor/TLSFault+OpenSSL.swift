import COpenSSL
import TransportSecurity

extension TLSFault {
  /// The fault that made OpenSSL fail on this session; empties the thread's queue of errors.
  init(of ssl: OpaquePointer) {
    let code = Self.takeError()
    let reason = Self.reason(of: code)
    guard ERR_GET_LIB(UInt(code)) == ERR_LIB_SSL else {
      self = .other(code: code)
      return
    }
    // Alerts that were received are reasons from 1000 on (ssl.h, SSL_AD_REASON_OFFSET).
    if let alert = UInt8(exactly: reason - SSL_AD_REASON_OFFSET) {
      self = .alert(alert)
      return
    }
    switch reason {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      self = Self(verification: Int32(truncatingIfNeeded: SSL_get_verify_result(ssl)))
    case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG:
      self = .notTLS
    case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_UNKNOWN_PROTOCOL, SSL_R_WRONG_SSL_VERSION, SSL_R_VERSION_TOO_LOW,
      SSL_R_VERSION_TOO_HIGH:
      self = .noCommonVersion
    default: self = .other(code: code)
    }
  }

  private init(verification result: Int32) {
    switch result {
    case X509_V_ERR_CERT_HAS_EXPIRED: self = .expiredCertificate
    case X509_V_ERR_CERT_NOT_YET_VALID: self = .certificateNotYetValid
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED:
      self = .unknownIssuer
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: self = .selfSignedCertificate
    case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: self = .wrongName
    default: self = .unacceptableCertificate(reason: result)
    }
  }

  /// The packed code of the last error, 0 for none; empties the thread's queue of errors.
  static func takeError() -> UInt32 {
    let code = UInt32(truncatingIfNeeded: ERR_peek_last_error())
    ERR_clear_error()
    return code
  }

  static func reason(of code: UInt32) -> Int32 { ERR_GET_REASON(UInt(code)) }
}
