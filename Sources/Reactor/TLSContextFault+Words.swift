import Timing
import TransportSecurity

extension TLSContextFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreadable(let path, let errno): "'\(path)' cannot be opened: \(SystemError.text(ofErrno: errno))"
    case .noCertificate(let path, let code):
      "'\(path)' holds no certificate in PEM form: \(TLSFault.other(code: code))"
    case .noKey(let path, let code):
      "'\(path)' holds no key in PEM form without a password: \(TLSFault.other(code: code))"
    case .keyMismatch(let identity):
      "the key in '\(identity.keyFile)' does not belong to the certificate in '\(identity.certificateFile)'"
    case .badServerName(let name): "'\(name)' is no name of a server, and no address"
    case .openSSL(let code): "TLS cannot be set up: \(TLSFault.other(code: code))"
    }
  }
}
