import Glibc
import Synchronization

/// Counts the SIGINT and SIGTERM that arrive.
enum Interruption {
  private static let count = Atomic(0)

  /// From now on these signals are counted, also where the parent had them ignored; a third one ends the process.
  static func watch() {
    _ = count.load(ordering: .relaxed)
    for number in [SIGINT, SIGTERM] { signal(number, Self.handle) }
    signal(SIGPIPE, SIG_IGN)
  }

  static var times: Int { count.load(ordering: .relaxed) }

  private static let handle: @convention(c) (Int32) -> Void = { _ in
    if Interruption.count.add(1, ordering: .relaxed).newValue > 2 { _exit(130) }
  }
}
