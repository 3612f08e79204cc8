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
    case accepted(headLength: Int)
    /// The server answered with another status than 101.
    case refused(status: UInt16)
  }

  package enum Fault: Error, Hashable, Sendable {
    case malformedHead
    case headTooLong
    case missingUpgrade
    case missingConnection
    case wrongAccept
    case unrequestedExtension
    case unrequestedSubprotocol
  }

  package let request: [UInt8]
  private let accept: String

  /// - Parameters:
  ///   - host: as it stands in the Host field, with the port where it is not the scheme's own.
  ///   - path: with the query, beginning with a slash.
  ///   - headers: further fields; the caller has made sure that they hold no line breaks.
  ///   - key: base64 of 16 fresh random bytes.
  package init(host: String, path: String, headers: [(name: String, value: String)], key: String) {
    var text = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    text += "Sec-WebSocket-Key: \(key)\r\nSec-WebSocket-Version: 13\r\n"
    for header in headers { text += "\(header.name): \(header.value)\r\n" }
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
    let parts = head.startLine.split(separator: " ", maxSplits: 2)
    guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Self.status(parts[1]) else {
      throw .malformedHead
    }
    guard status == 101 else { return .refused(status: status) }
    guard head.hasToken("websocket", in: "upgrade") else { throw .missingUpgrade }
    guard head.hasToken("upgrade", in: "connection") else { throw .missingConnection }
    guard head.only("sec-websocket-accept") == accept else { throw .wrongAccept }
    guard head.first("sec-websocket-extensions") == nil else { throw .unrequestedExtension }
    guard head.first("sec-websocket-protocol") == nil else { throw .unrequestedSubprotocol }
    return .accepted(headLength: length)
  }

  /// Three digits of which the first is 1 to 5 (RFC 9110 §15); a sign is none.
  private static func status(_ word: Substring) -> UInt16? {
    guard word.utf8.count == 3, word.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let status = UInt16(word), (100...599).contains(status)
    else { return nil }
    return status
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
    return .upgrade(Upgrade(path: String(parts[1]), key: key, fields: head.fields), headLength: length)
  }

  /// The answer that opens the session (§4.2.2).
  package static func acceptance(of upgrade: Upgrade) -> [UInt8] {
    let accept = Handshake.accept(forKey: upgrade.key)
    let fields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(accept)\r\n"
    return Array("HTTP/1.1 101 Switching Protocols\r\n\(fields)\r\n".utf8)
  }

  /// The answer to a request that opens none.
  package static func refusal(status: UInt16) -> [UInt8] {
    let version = status == 426 ? "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" : ""
    return Array(
      "HTTP/1.1 \(status) Refused\r\n\(version)Connection: close\r\nContent-Length: 0\r\n\r\n".utf8)
  }
}
