/// What became of a request; each transport puts it into its own words.
enum Outcome: Equatable {
  case taken
  /// It was taken but for some items, which must not be sent again.
  case partlyTaken(rejected: Int64, message: String)
  case refused(Refusal)
}

/// An outcome, and how it is told.
struct Reply: Equatable {
  enum Manner: Equatable {
    case atOnce
    case after(Duration)
    /// Never; the exporter waits until it gives up.
    case never
    /// By resetting the connection.
    case reset
  }

  var outcome: Outcome
  var manner = Manner.atOnce

  /// Answers so much later, unless it answers by other means.
  mutating func delay(by delay: Duration) {
    guard delay > .zero else { return }
    switch manner {
    case .atOnce: manner = .after(delay)
    case .after(let before): manner = .after(before + delay)
    case .never, .reset: break
    }
  }
}
