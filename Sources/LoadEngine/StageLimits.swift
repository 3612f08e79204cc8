import Observations
import Scenarios
import Timing

/// How long each stage of a connection may last, in nanoseconds.
struct StageLimits {
  private let tcp: Int64
  private let proxy: Int64
  private let tls: Int64
  private let upgrade: Int64
  /// From our close frame to the end of the stream.
  let close: Int64

  init(_ limits: TimeLimits) {
    tcp = limits.tcp.clampedNanoseconds
    proxy = limits.proxy.clampedNanoseconds
    tls = limits.tls.clampedNanoseconds
    upgrade = limits.upgrade.clampedNanoseconds
    close = limits.close.clampedNanoseconds
  }

  subscript(stage: ConnectionStage) -> Int64 {
    switch stage {
    case .tcp: tcp
    case .proxy: proxy
    case .tls: tls
    case .upgrade: upgrade
    }
  }

  /// Time between two looks at the connections that are on their way: all are looked at, so not too often.
  var checkInterval: Int64 {
    let shortest = ConnectionStage.allCases.map { self[$0] }.min() ?? close
    return max(min(shortest / 4, nanosecondsPerSecond / 2), LoadLoop.tick)
  }
}
