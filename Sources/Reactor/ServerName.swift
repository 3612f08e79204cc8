import COpenSSL

/// What a server's certificate must be valid for.
enum ServerName {
  case name(String)
  /// An IP address, which is not sent in the hello (RFC 6066 §3).
  case address(String)

  /// - Parameter text: a name, at its end a dot or none, or an IP address.
  init(_ text: String) throws(TLSContextFault) {
    if let address = a2i_IPADDRESS(text) {
      ASN1_OCTET_STRING_free(address)
      self = .address(text)
      return
    }
    ERR_clear_error()
    let name = text.hasSuffix(".") ? String(text.dropLast()) : text
    guard (1...255).contains(name.utf8.count), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw .badServerName(text)
    }
    self = .name(name)
  }

  func demand(by context: OpaquePointer) throws(TLSContextFault) {
    let parameters = SSL_CTX_get0_param(context)
    let result: Int32
    let shown: String
    switch self {
    case .name(let name):
      X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
      result = X509_VERIFY_PARAM_set1_host(parameters, name, name.utf8.count)
      shown = name
    case .address(let address):
      result = X509_VERIFY_PARAM_set1_ip_asc(parameters, address)
      shown = address
    }
    guard result == 1 else {
      ERR_clear_error()
      throw .badServerName(shown)
    }
  }
}
