/// The secret that every request must show; no text of ours ever holds it.
struct BearerToken {
  private let secret: [UInt8]

  init(_ secret: String) { self.secret = Array(secret.utf8) }

  /// Whether an authorization field shows it (RFC 6750 §2.1), in a time that says nothing of how much of it is right.
  func isShown(by field: String?) -> Bool {
    let scheme = Array("bearer ".utf8)
    let shown = Array((field ?? "").utf8)
    guard !secret.isEmpty, shown.count > scheme.count,
      zip(shown, scheme).allSatisfy({ $0 | 0x20 == $1 })
    else { return false }
    let credentials = shown[scheme.count...]
    var difference = UInt64(credentials.count ^ secret.count)
    for (index, byte) in credentials.enumerated() { difference |= UInt64(byte ^ secret[index % secret.count]) }
    return difference == 0
  }
}
