/// The opening handshake (RFC 6455 §4), both ends.
package enum Handshake {
  /// What the server must send for a key (§4.2.2, step 5.4).
  package static func accept(forKey key: String) -> String {
    Base64.text(SHA1.digest(Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
  }

  /// The text of a key from 16 random bytes (§4.1).
  package static func key(fromRandom bytes: (UInt64, UInt64)) -> String {
    Base64.text(withUnsafeBytes(of: bytes) { Array($0) })
  }
}

/// The client's side of one handshake.
package struct ClientHandshake: Sendable {
  package enum Answer: Hashable, Sendable {
    /// The head is not whole yet.
    case incomplete
    /// The session is open; what follows `headLength` bytes is its first frames.
    case accepted(headLength: Int, compression: CompressionAgreement? = nil, subprotocol: String? = nil)
    /// The server answered with another status than 101.
    case refused(status: UInt16)
  }

  package enum Fault: Error, Hashable, Sendable {
    case malformedHead
    case headTooLong
    case missingUpgrade
    case missingConnection
    case wrongAccept
    /// An extension that was not offered (RFC 6455 §4.1).
    case unrequestedExtension
    /// No list of extensions (RFC 6455 §9.1).
    case malformedExtensions
    /// permessage-deflate twice, or the field twice (RFC 6455 §11.3.2).
    case repeatedExtension
    case compression(CompressionFault)
    /// A subprotocol that was not offered (RFC 6455 §4.1).
    case unrequestedSubprotocol
    /// More than one (RFC 6455 §11.3.4).
    case severalSubprotocols
  }

  package let request: [UInt8]
  private let accept: String
  private let subprotocols: [String]
  private let compression: CompressionOffer?

  /// - Parameters:
  ///   - host: as it stands in the Host field, with the port where it is not the scheme's own.
  ///   - path: with the query, beginning with a slash.
  ///   - headers: further fields; the caller has made sure that they hold no line breaks.
  ///   - subprotocols: tokens, the preferred one first.
  ///   - compression: nil where none is offered.
  ///   - key: base64 of 16 fresh random bytes.
  package init(
    host: String, path: String, headers: [(name: String, value: String)], subprotocols: [String] = [],
    compression: CompressionOffer? = nil, key: String
  ) {
    var text = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    text += "Sec-WebSocket-Key: \(key)\r\nSec-WebSocket-Version: 13\r\n"
    if let compression { text += "Sec-WebSocket-Extensions: \(compression.text)\r\n" }
    if !subprotocols.isEmpty { text += "Sec-WebSocket-Protocol: \(subprotocols.joined(separator: ", "))\r\n" }
    for header in headers { text += "\(header.name): \(header.value)\r\n" }
    self.subprotocols = subprotocols
    self.compression = compression
    request = Array((text + "\r\n").utf8)
    accept = Handshake.accept(forKey: key)
  }

  /// Judges the server's answer by the rules of §4.1.
  package func read(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> Answer {
    let result: (head: HTTPHead, length: Int)?
    do throws(HTTPHead.Fault) {
      result = try HTTPHead.read(bytes)
    } catch {
      switch error {
      case .tooLong: throw .headTooLong
      case .malformed: throw .malformedHead
      }
    }
    guard let (head, length) = result else { return .incomplete }
    guard let status = head.status else { throw .malformedHead }
    guard status == 101 else { return .refused(status: status) }
    guard head.hasToken("websocket", in: "upgrade") else { throw .missingUpgrade }
    guard head.hasToken("upgrade", in: "connection") else { throw .missingConnection }
    guard head.only("sec-websocket-accept") == accept else { throw .wrongAccept }
    return .accepted(
      headLength: length, compression: try agreement(head.all("sec-websocket-extensions")),
      subprotocol: try subprotocol(head.all("sec-websocket-protocol")))
  }

  /// What the server agreed to of our offer; nil for nothing, which it may.
  private func agreement(_ fields: [String]) throws(Fault) -> CompressionAgreement? {
    guard let first = fields.first else { return nil }
    guard let compression else { throw .unrequestedExtension }
    guard fields.count == 1 else { throw .repeatedExtension }
    guard let extensions = ExtensionList.read(first), let agreed = extensions.first else { throw .malformedExtensions }
    guard extensions.allSatisfy({ $0.name == CompressionAgreement.extensionName }) else { throw .unrequestedExtension }
    guard extensions.count == 1 else { throw .repeatedExtension }
    do throws(CompressionFault) {
      return try compression.agreement(agreed.parameters)
    } catch {
      throw .compression(error)
    }
  }

  /// The subprotocol that the server chose; nil for none, which it may (RFC 6455 §4.2.2). Their case counts.
  private func subprotocol(_ fields: [String]) throws(Fault) -> String? {
    guard let choice = fields.first else { return nil }
    guard !subprotocols.isEmpty else { throw .unrequestedSubprotocol }
    guard fields.count == 1, !choice.utf8.contains(UInt8(ascii: ",")) else { throw .severalSubprotocols }
    guard subprotocols.contains(where: { $0.utf8.elementsEqual(choice.utf8) }) else { throw .unrequestedSubprotocol }
    return choice
  }
}

/// The server's side of one handshake.
package enum ServerHandshake {
  package enum Request: Sendable {
    /// The head is not whole yet.
    case incomplete
    /// A good request; what follows `headLength` bytes is its first frames.
    case upgrade(Upgrade, headLength: Int)
    /// To be answered with this HTTP status, and closed.
    case refused(status: UInt16)
  }

  package struct Upgrade: Sendable {
    /// With the query.
    package var path: String
    package var key: String
    /// Names in lower case.
    package var fields: [(name: String, value: String)]

    package func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// What we agree to of the compression that the client offers, if anything (RFC 7692 §5.1).
    package var acceptableCompression: CompressionAgreement? { CompressionAgreement(accepting: extensions) }

    /// The client's subprotocols, the preferred one first.
    package var subprotocols: [String] {
      fields.filter { $0.name == "sec-websocket-protocol" }.flatMap { field in
        field.value.split(separator: ",").map { HTTPHead.trimmed($0) }.filter { !$0.isEmpty }
      }
    }

    fileprivate var extensions: [ExtensionEntry]
  }

  /// Judges a client's request by the rules of §4.2.1.
  package static func read(_ bytes: UnsafeRawBufferPointer) -> Request {
    let result: (head: HTTPHead, length: Int)?
    do throws(HTTPHead.Fault) {
      result = try HTTPHead.read(bytes)
    } catch {
      switch error {
      case .tooLong: return .refused(status: 431)
      case .malformed: return .refused(status: 400)
      }
    }
    guard let (head, length) = result else { return .incomplete }
    let parts = head.startLine.split(separator: " ")
    guard parts.count == 3, parts[1].hasPrefix("/"), parts[2] == "HTTP/1.1" else { return .refused(status: 400) }
    guard parts[0] == "GET" else { return .refused(status: 405) }
    guard head.hasToken("websocket", in: "upgrade"), head.hasToken("upgrade", in: "connection") else {
      return .refused(status: 426)
    }
    guard head.only("sec-websocket-version") == "13" else { return .refused(status: 426) }
    guard let key = head.only("sec-websocket-key"), Base64.isKey(key), head.only("host") != nil else {
      return .refused(status: 400)
    }
    var extensions: [ExtensionEntry] = []
    for field in head.all("sec-websocket-extensions") {
      guard let read = ExtensionList.read(field) else { return .refused(status: 400) }
      extensions += read
    }
    return .upgrade(
      Upgrade(path: String(parts[1]), key: key, fields: head.fields, extensions: extensions), headLength: length)
  }

  /// The answer that opens the session (§4.2.2).
  ///
  /// - Parameters:
  ///   - compression: what of the client's offer is agreed to, if anything.
  ///   - subprotocol: one of the client's.
  package static func acceptance(
    of upgrade: Upgrade, compression: CompressionAgreement? = nil, subprotocol: String? = nil
  ) -> [UInt8] {
    let accept = Handshake.accept(forKey: upgrade.key)
    var fields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(accept)\r\n"
    if let compression { fields += "Sec-WebSocket-Extensions: \(compression.text)\r\n" }
    if let subprotocol { fields += "Sec-WebSocket-Protocol: \(subprotocol)\r\n" }
    return Array("HTTP/1.1 101 Switching Protocols\r\n\(fields)\r\n".utf8)
  }

  /// The answer to a request that opens none.
  package static func refusal(status: UInt16) -> [UInt8] {
    let version = status == 426 ? "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" : ""
    return Array(
      "HTTP/1.1 \(status) Refused\r\n\(version)Connection: close\r\nContent-Length: 0\r\n\r\n".utf8)
  }
}
