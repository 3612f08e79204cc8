/// A URL, or a part of one, as it may be shown: without what may be secret.
package enum RedactedURL {
  /// The text with its user information and its query replaced.
  package static func text(_ url: String) -> String {
    var text = String(url.prefix { $0 != "?" && $0 != "#" })
    if text.utf8.count < url.utf8.count { text += "?…" }
    let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
    let authority = text[start...].prefix { $0 != "/" && $0 != "?" }
    guard let at = authority.lastIndex(of: "@") else { return text }
    return text[..<start] + "…" + text[at...]
  }
}
