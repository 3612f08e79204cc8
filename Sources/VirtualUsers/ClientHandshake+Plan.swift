package import Planning
import Scenarios
package import WebSocketProtocol

extension ClientHandshake {
  /// The handshake of one connection of a plan, with all that the scenario's target asks for.
  ///
  /// - Parameter key: base64 of 16 fresh random bytes.
  package init(_ plan: Plan, connection index: Int, key: String) {
    let target = plan.scenario.target
    var headers = plan.headers(ofConnection: index)
    switch target.auth {
    case .basic(let credentials)?:
      // RFC 7617 §2.
      headers.append(("Authorization", "Basic \(Base64.text(Array(plan.filled(credentials, connection: index).utf8)))"))
    case .bearer(let token)?:
      // RFC 6750 §2.1.
      headers.append(("Authorization", "Bearer \(plan.filled(token, connection: index))"))
    case nil: break
    }
    if !target.cookies.isEmpty {
      // RFC 6265 §4.2.1: one field with all of them.
      let pairs = target.cookies.map { "\($0.name)=\(plan.filled($0.value, connection: index))" }
      headers.append(("Cookie", pairs.joined(separator: "; ")))
    }
    self.init(
      host: plan.target.authority, path: plan.path(ofConnection: index), headers: headers,
      subprotocols: target.subprotocols, compression: target.compression.map { CompressionOffer($0) }, key: key)
  }
}

extension CompressionOffer {
  /// The server may always choose a smaller window for us.
  init(_ wish: CompressionWish) {
    self.init(
      serverNoContextTakeover: wish.serverNoContextTakeover, clientNoContextTakeover: wish.clientNoContextTakeover,
      serverMaxWindowBits: wish.serverMaxWindowBits.map { UInt8(clamping: $0) },
      clientMaxWindowBits: wish.clientMaxWindowBits.map { .atMost(UInt8(clamping: $0)) } ?? .any)
  }
}
