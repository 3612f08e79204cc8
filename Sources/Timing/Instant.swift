public import CLinux

/// A point in time on the monotonic clock, in nanoseconds; comparable only within one machine's uptime.
///
/// Public only so that other modules inline it: a function of `package` access is called, however short it is.
@frozen
public struct Instant: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var nanoseconds: Int64

  @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Reads CLOCK_MONOTONIC (24 ns; half of what ContinuousClock takes).
  @inlinable public static var now: Instant { Instant(nanoseconds: linux_monotonic_nanoseconds()) }

  @inlinable public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  /// Nanoseconds from `right` to `left`, negative where `right` is later.
  @inlinable public static func - (left: Instant, right: Instant) -> Int64 {
    left.nanoseconds &- right.nanoseconds
  }

  @inlinable public func advanced(byNanoseconds offset: Int64) -> Instant {
    Instant(nanoseconds: nanoseconds &+ offset)
  }
}

/// The machine's wall clock, which may be set back; only for what others will read.
package enum WallClock {
  /// Nanoseconds since 1970.
  package static var nanoseconds: UInt64 { linux_wall_nanoseconds() }
}

/// Nanoseconds in one second.
package let nanosecondsPerSecond: Int64 = 1_000_000_000

extension Duration {
  /// Whole nanoseconds, clamped to the range of `Int64` (about 292 years).
  package var clampedNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: nanosecondsPerSecond)
    guard !overflow else { return seconds < 0 ? .min : .max }
    let (sum, carried) = scaled.addingReportingOverflow(attoseconds / nanosecondsPerSecond)
    return carried ? (seconds < 0 ? .min : .max) : sum
  }
}
