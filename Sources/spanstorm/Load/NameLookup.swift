import Foundation
import Reactor
import Synchronization
import Timing

/// Asks the resolver for the addresses of names, but does not wait for it for ever.
struct NameLookup {
  typealias Answer = Result<[SocketAddress], ResolutionFault>

  var limit: Duration
  /// Blocks as long as the resolver does.
  var resolve: @Sendable (_ host: String, _ port: UInt16) -> Answer = { host, port in
    do throws(ResolutionFault) {
      return .success(try SocketAddress.all(host: host, port: port))
    } catch {
      return .failure(error)
    }
  }

  /// Every address of a name, in the resolver's order; at least one.
  ///
  /// Nothing interrupts `getaddrinfo`: it has a thread of its own, which is left behind where it takes too long.
  func addresses(of host: String, port: UInt16) throws(ResolutionFault) -> [SocketAddress] {
    let pending = PendingAnswer()
    let resolve = self.resolve
    Thread.detachNewThread { pending.give(resolve(host, port)) }
    guard let answer = pending.wait(atMostNanoseconds: limit.clampedNanoseconds) else {
      throw ResolutionFault(
        host: host, reason: "no answer within \(limit), which 'time-limits: { dns: … }' of the target allows")
    }
    return try answer.get()
  }
}

/// Where the thread that asks leaves the answer.
private final class PendingAnswer: Sendable {
  private let answer = Mutex<NameLookup.Answer?>(nil)
  private let arrived = DispatchSemaphore(value: 0)

  func give(_ answer: NameLookup.Answer) {
    self.answer.withLock { $0 = answer }
    arrived.signal()
  }

  func wait(atMostNanoseconds nanoseconds: Int64) -> NameLookup.Answer? {
    _ = arrived.wait(timeout: .now() + .nanoseconds(Int(nanoseconds)))
    return answer.withLock { $0 }
  }
}
