import Glibc
import Synchronization

/// Counts the SIGINT and SIGTERM that arrive.
enum Interruption {
  private static let count = Atomic(0)

  /// From now on these signals are counted, also where the parent had them ignored or blocked; a third one ends the
  /// process. To be called before other threads begin, which inherit what is blocked.
  static func watch() {
    _ = count.load(ordering: .relaxed)
    var watched = sigset_t()
    sigemptyset(&watched)
    for number in [SIGINT, SIGTERM] {
      signal(number, Self.handle)
      sigaddset(&watched, number)
    }
    pthread_sigmask(SIG_UNBLOCK, &watched, nil)
    signal(SIGPIPE, SIG_IGN)
  }

  static var times: Int { count.load(ordering: .relaxed) }

  private static let handle: @convention(c) (Int32) -> Void = { _ in
    if Interruption.count.add(1, ordering: .relaxed).newValue > 2 { _exit(130) }
  }
}
