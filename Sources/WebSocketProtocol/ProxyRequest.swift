/// Our side of asking an HTTP proxy for a tunnel to a server: CONNECT (RFC 9110 §9.3.6).
package struct ProxyRequest: Sendable {
  package enum Answer: Hashable, Sendable {
    /// The head is not whole yet.
    case incomplete
    /// The tunnel is open; what follows `headLength` bytes came through it.
    case opened(headLength: Int)
    /// The proxy answered with a status that opens none.
    case refused(status: UInt16)
  }

  package enum Fault: Error, Hashable, Sendable {
    case malformedHead
    case headTooLong
  }

  package let bytes: [UInt8]

  /// - Parameters:
  ///   - host: a name or an address, without the brackets of IPv6.
  ///   - credentials: `user:password` (RFC 7617), for the proxy alone; nil where it asks for none.
  package init(host: String, port: UInt16, credentials: String?) {
    // The port always stands there (RFC 9112 §3.2.3).
    let authority = "\(host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host):\(port)"
    var text = "CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\n"
    if let credentials { text += "Proxy-Authorization: Basic \(Base64.text(Array(credentials.utf8)))\r\n" }
    bytes = Array((text + "\r\n").utf8)
  }

  /// Judges the proxy's answer. Interim answers are skipped (RFC 9110 §15.2), but all heads together are bounded as one;
  /// and a body's length in an answer that opens the tunnel is ignored (§9.3.6).
  package func read(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> Answer {
    var offset = 0
    while true {
      guard offset < HTTPHead.sizeLimit else { throw .headTooLong }
      guard let (head, length) = try readHead(UnsafeRawBufferPointer(rebasing: bytes[offset...])) else {
        // The rest of several heads is looked at anew with each read, but never more than the bound of one.
        guard bytes.count < HTTPHead.sizeLimit else { throw .headTooLong }
        return .incomplete
      }
      offset += length
      // Nothing was asked that 101 could answer.
      guard let status = head.status, status != 101 else { throw .malformedHead }
      switch status {
      case 100..<200: continue
      case 200..<300: return .opened(headLength: offset)
      default: return .refused(status: status)
      }
    }
  }

  private func readHead(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> (head: HTTPHead, length: Int)? {
    do throws(HTTPHead.Fault) {
      return try HTTPHead.read(bytes)
    } catch {
      switch error {
      case .tooLong: throw .headTooLong
      case .malformed: throw .malformedHead
      }
    }
  }
}
