/// The reason text of a close frame, which the server chooses.
package enum CloseReason {
  /// Bytes that a reason may have (RFC 6455 §5.5: 125 for the frame, 2 for the code).
  package static let sizeLimit = 123

  /// The text as it may be shown: nothing that controls a terminal, breaks a line or turns the direction of text, and at
  /// most `sizeLimit` bytes, cut at a character.
  package static func shown(_ reason: String) -> String {
    var shown = ""
    for scalar in reason.unicodeScalars {
      let kept: Unicode.Scalar
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: kept = "?"
      default: kept = scalar
      }
      guard shown.utf8.count + UTF8.width(kept) <= sizeLimit else { break }
      shown.unicodeScalars.append(kept)
    }
    return shown
  }
}
